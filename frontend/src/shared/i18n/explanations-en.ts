import type { CautionCode, ErrorCode, Explanation, ReasonCode } from '@/shared/lib/codes'

/** Of a film that was read but not scored. */
export const reasons: Record<ReasonCode, Explanation> = {
  not_frontal_chest: {
    what: 'This does not look like a frontal chest radiograph.',
    action: 'Submit the PA or AP chest film. The network has not learned other views.',
  },
  not_upright: {
    what: 'The film lies on its side or stands on its head.',
    action: 'Turn it upright where it was made, and submit it again.',
  },
  inverted: {
    what: 'Black and white seem to be exchanged: bones and heart should be bright.',
    action:
      'If they are exchanged, read it inverted; or export it again as it is shown for reading.',
  },
  several_films: {
    what: 'The picture shows several films side by side.',
    action: 'Submit each film by itself.',
  },
  not_frontal: {
    what: 'The file says that this is not a frontal view.',
    action: 'Submit the PA or AP film. The network has not learned lateral or oblique views.',
  },
  wrong_body_part: {
    what: 'The file says that it shows another part of the body.',
    action: 'Submit a chest film, or correct the body part in the file.',
  },
  not_a_radiograph: {
    what: 'The file comes from another kind of examination, such as CT.',
    action: 'Submit a projection radiograph (CR or DX).',
  },
  unknown: {
    what: 'Another version of the service did not score this film, for a reason that this one lacks.',
    action: 'Submit it again, or read it without the network.',
  },
}

/** Beside a probability. */
export const cautions: Record<CautionCode, string> = {
  child: 'The patient is a child. The network learned from adults and its figures are theirs.',
  age_unknown: 'The file gives no age. The figures hold for adults only.',
  side_assumed:
    'The file does not say which side is which. The patient’s left is assumed to be at the right.',
  turned_by_tags: 'The film was stored turned or mirrored. It is shown upright, as its tags say.',
  for_processing: 'The film is raw detector data. The network learned from processed films.',
  bit_depth_assumed:
    'The file says 16 bits and uses fewer. The brightness follows from the bits in use.',
  window_replaced:
    'The window of the file would make most of the film black or white. The range of its values is used instead.',
  read_inverted: 'Black and white were exchanged before the film was read, as its sender asked.',
  possibly_mirrored:
    'The heart seems to lie on the other side. The film may be mirrored; left and right may be exchanged.',
  unknown: 'Another version of the service gave a caution that this one does not know.',
}

/** Of a file that could not be read or was not sent, and of a request that was refused. */
export const errors: Record<ErrorCode, Explanation> = {
  empty_file: {
    what: 'The file is empty.',
    action: 'Export it again from where it came.',
  },
  not_an_image: {
    what: 'The file is not an image.',
    action: 'Choose a DICOM, PNG, JPEG or TIFF file.',
  },
  unsafe_file: {
    what: 'The file is a picture with something else hidden in it, such as a document or a program.',
    action:
      'Do not open it elsewhere. Export the film again, and show this file to your IT support.',
  },
  unreadable_image: {
    what: 'The file cannot be read.',
    action: 'Export it again from where it came.',
  },
  undecodable_image: {
    what: 'The file is damaged, or not what it claims to be.',
    action: 'Export it again from where it came.',
  },
  contradictory_image: {
    what: 'Two parts of the file disagree about the picture, for example about its size.',
    action:
      'Export it again from where it came. If it fails again, tell the administrator of that device or archive.',
  },
  truncated_image: {
    what: 'The file ends before its picture does.',
    action: 'The copy was cut short. Copy or export it again.',
  },
  image_too_large: {
    what: 'The picture has more pixels than the service reads.',
    action: 'Export it at the detector’s own size or smaller.',
  },
  image_too_small: {
    what: 'The picture is too small to be a radiograph.',
    action: 'Submit the original, not a preview.',
  },
  unsupported_image: {
    what: 'The file is sound, but stored in a way that is not read here.',
    action: 'Export it as DICOM without compression, or as PNG.',
  },
  several_images: {
    what: 'The file holds several pictures, and which one is the film cannot be told.',
    action: 'Export each film as a file of its own.',
  },
  no_pixel_data: {
    what: 'The DICOM file holds no film.',
    action: 'It may be a report, a document or a disc’s index. Choose the image itself.',
  },
  colour_image: {
    what: 'The picture is in colour.',
    action: 'Submit the original greyscale film, not a photograph or screenshot.',
  },
  blank_image: {
    what: 'The picture is blank: every pixel has the same value.',
    action: 'Check the export and submit the film again.',
  },
  file_too_large: {
    what: 'The file is larger than the service takes.',
    action: 'Export it with lossless compression, or at a smaller size.',
  },
  nested_archive: {
    what: 'This is a ZIP archive inside another one, which is not opened.',
    action: 'Unpack the outer archive and submit this one by itself.',
  },
  damaged_archive: {
    what: 'The ZIP archive is damaged or incomplete.',
    action: 'Copy or make it again, or unpack it and submit the films.',
  },
  unsafe_archive: {
    what: 'The ZIP archive is built in a way that is not safe to open.',
    action: 'Make a new one with your computer’s own ZIP function, or submit the films unpacked.',
  },
  archive_too_large: {
    what: 'The ZIP archive is too large, or holds too many or too large files.',
    action: 'Make several smaller ones, or unpack it and submit the films.',
  },
  encrypted_archive: {
    what: 'The ZIP archive is protected by a password.',
    action: 'Make one without a password, or unpack it and submit the films.',
  },
  unsupported_archive: {
    what: 'The file is compressed in its ZIP archive by a method that is not read, such as bzip2.',
    action: 'Make the archive with the usual method (deflate), or unpack it and submit the films.',
  },
  upload_missing: {
    what: 'The file is no longer in the store.',
    action: 'Submit it again.',
  },
  timeout: {
    what: 'Reading this film took longer than a film may, twice.',
    action:
      'Export it again and submit that file. If it fails again, tell the service’s administrator.',
  },
  worker_lost: {
    what: 'The reading process stopped while it had this film, several times.',
    action: 'Submit it again. If it fails again, tell the service’s administrator.',
  },
  internal_error: {
    what: 'The service failed unexpectedly. The error has been logged.',
    action: 'Try again. If it fails again, tell the service’s administrator.',
  },
  unknown: {
    what: 'Another version of the service could not read this film, for a reason that this one lacks.',
    action: 'Submit it again. If it fails again, tell the service’s administrator.',
  },
  malformed_request: {
    what: 'The request did not arrive complete.',
    action: 'Try again. If it fails again, tell the service’s administrator.',
  },
  key_required: {
    what: 'The service does not know who is asking.',
    action: 'Sign in with your key.',
  },
  invalid_key: {
    what: 'The service does not know this key, or it is no longer valid.',
    action: 'Check that it was copied whole, or ask the service’s administrator for a new one.',
  },
  missing_scope: {
    what: 'Your key may not do this.',
    action: 'Ask the service’s administrator for a key that may.',
  },
  cross_site: {
    what: 'The request did not come from the service’s own page.',
    action:
      'Open the dashboard at its own address and try again. If it fails again, tell the service’s administrator.',
  },
  misdirected_request: {
    what: 'The service does not answer at this address.',
    action: 'Ask the service’s administrator for its address, or to allow this one.',
  },
  not_found: {
    what: 'There is nothing here.',
    action: 'The address may be wrong, or it is not yours to see.',
  },
  erased: {
    what: 'This job has been erased.',
    action: 'Its films and results no longer exist. Submit the films again if you need them.',
  },
  too_large: {
    what: 'More was sent at once than the service takes.',
    action: 'Submit fewer or smaller files at once. Split a ZIP archive into several.',
  },
  unsupported_media_type: {
    what: 'Nothing that was sent is an image.',
    action: 'Choose DICOM, PNG, JPEG or TIFF files, or a ZIP archive of them.',
  },
  invalid_request: {
    what: 'The service does not understand this address or a value in it.',
    action: 'Check the address, or start again from the worklist.',
  },
  invalid_token: {
    what: 'The sign-in is not valid: it has expired, or is for another service.',
    action: 'Sign in again. If it fails again, tell the service’s administrator.',
  },
  issuer_unavailable: {
    what: 'Sign-ins cannot be checked at present.',
    action: 'Try again in a moment. If it fails again, tell the service’s administrator.',
  },
  method_not_allowed: {
    what: 'The service does not support this action at this address.',
    action: 'Reload the page. If it fails again, tell the service’s administrator.',
  },
  request_timeout: {
    what: 'The connection was too slow, and the service did not wait.',
    action: 'It is sent again automatically. If it fails again, send fewer films at once.',
  },
  no_result: {
    what: 'This film has no result yet to give an opinion on.',
    action: 'Wait until it has been read.',
  },
  too_many_requests: {
    what: 'This key asks for more than it may within a minute.',
    action: 'It continues automatically in a moment.',
  },
  quota_reached: {
    what: 'As many films of this key are waiting as may wait.',
    action: 'Sending goes on when some have been read.',
  },
  headers_too_large: {
    what: 'The address of this page has become too long.',
    action: 'Start again from the worklist.',
  },
  backlog_full: {
    what: 'The service has as many films waiting as it takes on.',
    action: 'Sending goes on when some have been read.',
  },
  too_many_waiting: {
    what: 'Too many pages follow the service at the same time.',
    action: 'It continues automatically. Close pages that are not needed.',
  },
  too_many_connections: {
    what: 'Too many are connected to the service at the same time.',
    action: 'It continues automatically. Close pages that are not needed.',
  },
  unavailable: {
    what: 'The service cannot answer at present.',
    action: 'The page tries again automatically.',
  },
  no_files: {
    what: 'There is no file in it.',
    action: 'Check that the folder or ZIP archive holds films, and choose it again.',
  },
  unknown_photometric: {
    what: 'The service does not know this way of reading black and white.',
    action: 'Reload the page and submit the film again.',
  },
  unknown_priority: {
    what: 'The service does not know this priority.',
    action: 'Reload the page, choose the priority and submit the film again.',
  },
  invalid_reference: {
    what: 'The reference is too long, or holds signs that cannot be used.',
    action: 'Remove this film, shorten or retype the reference, and submit the film again.',
  },
  invalid_cursor: {
    what: 'The list has changed too much to go on from here.',
    action: 'Reload the page to see it from its beginning.',
  },
  idempotency_key_reused: {
    what: 'The file has changed while it was being sent.',
    action: 'Choose it again and submit it as new.',
  },
  invalid_callback_url: {
    what: 'The callback URL is not one that the service may call.',
    action: 'Give an HTTP or HTTPS address without user name, password or fragment.',
  },
  callback_not_resolved: {
    what: 'The host name of the callback URL cannot be resolved.',
    action: 'Check the spelling of the URL, and that the name is known where the service runs.',
  },
  callback_address_refused: {
    what: 'The callback URL leads to an address that the service does not call.',
    action: 'Use a public address, or ask the service’s administrator to allow this one.',
  },
  callback_lookup_failed: {
    what: 'The host name of the callback URL could not be looked up just now.',
    action: 'Try again in a moment.',
  },
  no_webhook_secret: {
    what: 'This key has no secret to sign webhooks with.',
    action: 'Create a webhook secret for this key first, or leave out the callback URL.',
  },
  wrong_format: {
    what: 'Files of this kind are not read here.',
    action: 'Choose DICOM, PNG, JPEG or TIFF files, or a ZIP archive of them.',
  },
  unreadable_file: {
    what: 'The browser cannot read this file.',
    action: 'It may have been moved or changed. Choose it again.',
  },
  no_film_in_archive: {
    what: 'No file in this ZIP archive is a film that can be read.',
    action: 'Unpack it and check what it holds.',
  },
  not_sent: {
    what: 'The service did not take this file.',
    action: 'Try again. If it fails again, tell the service’s administrator.',
  },
}
