import type { CautionCode, ErrorCode, Explanation, ReasonCode } from '@/shared/lib/codes'

export const reasons: Record<ReasonCode, Explanation> = {
  not_frontal_chest: {
    what: 'No parece una radiografía frontal de tórax.',
    action: 'Envíe la radiografía PA o AP de tórax. La red no ha aprendido otras vistas.',
  },
  not_upright: {
    what: 'La radiografía está tumbada o cabeza abajo.',
    action: 'Gírela en su origen y envíela de nuevo.',
  },
  inverted: {
    what: 'El blanco y el negro parecen intercambiados: huesos y corazón deben verse claros.',
    action:
      'Si lo están, léala invertida; o expórtela de nuevo tal como se muestra para su lectura.',
  },
  several_films: {
    what: 'La imagen muestra varias radiografías juntas.',
    action: 'Envíe cada radiografía por separado.',
  },
  not_frontal: {
    what: 'El archivo dice que no es una vista frontal.',
    action: 'Envíe la radiografía PA o AP. La red no ha aprendido vistas laterales ni oblicuas.',
  },
  wrong_body_part: {
    what: 'El archivo dice que muestra otra parte del cuerpo.',
    action: 'Envíe una radiografía de tórax, o corrija la región en el archivo.',
  },
  not_a_radiograph: {
    what: 'El archivo procede de otro tipo de exploración, como una TC.',
    action: 'Envíe una radiografía de proyección (CR o DX).',
  },
  unknown: {
    what: 'Otra versión del servicio no puntuó esta radiografía, por una razón que esta no conoce.',
    action: 'Envíela de nuevo, o léala sin la red.',
  },
}

export const cautions: Record<CautionCode, string> = {
  child: 'Es un niño. La red aprendió de adultos y sus cifras son de ellos.',
  age_unknown: 'El archivo no da la edad. Las cifras valen solo para adultos.',
  side_assumed:
    'El archivo no indica los lados. Se supone que la izquierda del paciente está a la derecha.',
  turned_by_tags:
    'La radiografía estaba guardada girada o en espejo. Se muestra derecha, según sus etiquetas.',
  for_processing:
    'Son datos del detector sin procesar. La red aprendió de radiografías procesadas.',
  bit_depth_assumed:
    'El archivo declara 16 bits y usa menos. El brillo se deduce de los bits en uso.',
  window_replaced:
    'La ventana del archivo dejaría casi toda la imagen negra o blanca. Se usa el rango de sus valores.',
  read_inverted:
    'Se intercambiaron el blanco y el negro antes de leer la radiografía, como pidió quien la envió.',
  possibly_mirrored:
    'El corazón parece estar al otro lado. La radiografía puede estar en espejo; izquierda y derecha pueden estar intercambiadas.',
  unknown: 'Otra versión del servicio dio una advertencia que esta no conoce.',
}

export const errors: Record<ErrorCode, Explanation> = {
  empty_file: {
    what: 'El archivo está vacío.',
    action: 'Expórtelo de nuevo desde su origen.',
  },
  not_an_image: {
    what: 'El archivo no es una imagen.',
    action: 'Elija un archivo DICOM, PNG, JPEG o TIFF.',
  },
  unsafe_file: {
    what: 'El archivo es una imagen con otra cosa escondida, como un documento o un programa.',
    action:
      'No lo abra en otro sitio. Exporte la radiografía de nuevo y muestre este archivo a su servicio de informática.',
  },
  unreadable_image: {
    what: 'El archivo no se puede leer.',
    action: 'Expórtelo de nuevo desde su origen.',
  },
  undecodable_image: {
    what: 'El archivo está dañado, o no es lo que dice ser.',
    action: 'Expórtelo de nuevo desde su origen.',
  },
  contradictory_image: {
    what: 'Dos partes del archivo se contradicen sobre la imagen, por ejemplo sobre su tamaño.',
    action:
      'Expórtelo de nuevo desde su origen. Si vuelve a fallar, avise al administrador de ese equipo o PACS.',
  },
  truncated_image: {
    what: 'El archivo termina antes que su imagen.',
    action: 'La copia quedó cortada. Cópielo o expórtelo de nuevo.',
  },
  image_too_large: {
    what: 'La imagen tiene más píxeles de los que el servicio lee.',
    action: 'Expórtela al tamaño del detector o menor.',
  },
  image_too_small: {
    what: 'La imagen es demasiado pequeña para ser una radiografía.',
    action: 'Envíe el original, no una vista previa.',
  },
  unsupported_image: {
    what: 'El archivo está bien, pero guardado de una forma que no se lee aquí.',
    action: 'Expórtelo como DICOM sin compresión, o como PNG.',
  },
  several_images: {
    what: 'El archivo contiene varias imágenes y no se sabe cuál es la radiografía.',
    action: 'Exporte cada radiografía en un archivo propio.',
  },
  no_pixel_data: {
    what: 'El archivo DICOM no contiene ninguna radiografía.',
    action: 'Puede ser un informe, un documento o el índice de un disco. Elija la imagen.',
  },
  colour_image: {
    what: 'La imagen es en color.',
    action: 'Envíe el original en escala de grises, no una fotografía ni una captura.',
  },
  blank_image: {
    what: 'La imagen está en blanco: todos los píxeles tienen el mismo valor.',
    action: 'Revise la exportación y envíela de nuevo.',
  },
  file_too_large: {
    what: 'El archivo es mayor de lo que el servicio admite.',
    action: 'Expórtelo con compresión sin pérdida, o a menor tamaño.',
  },
  nested_archive: {
    what: 'Es un archivo ZIP dentro de otro, y no se abre.',
    action: 'Descomprima el ZIP exterior y envíe este por separado.',
  },
  damaged_archive: {
    what: 'El archivo ZIP está dañado o incompleto.',
    action: 'Cópielo o créelo de nuevo, o descomprímalo y envíe las radiografías.',
  },
  unsafe_archive: {
    what: 'El archivo ZIP está hecho de una forma que no es segura de abrir.',
    action: 'Cree otro con la función ZIP de su ordenador, o envíe las radiografías sin comprimir.',
  },
  archive_too_large: {
    what: 'El archivo ZIP es demasiado grande, o contiene demasiados archivos o demasiado grandes.',
    action: 'Cree varios más pequeños, o descomprímalo y envíe las radiografías.',
  },
  encrypted_archive: {
    what: 'El archivo ZIP está protegido con contraseña.',
    action: 'Cree uno sin contraseña, o descomprímalo y envíe las radiografías.',
  },
  unsupported_archive: {
    what: 'El archivo está comprimido en el ZIP con un método que no se lee, como bzip2.',
    action:
      'Cree el ZIP con el método habitual (deflate), o descomprímalo y envíe las radiografías.',
  },
  upload_missing: {
    what: 'El archivo ya no está en el almacén.',
    action: 'Envíelo de nuevo.',
  },
  timeout: {
    what: 'La lectura de esta radiografía tardó más de lo permitido, dos veces.',
    action:
      'Expórtela de nuevo y envíe ese archivo. Si vuelve a fallar, avise al administrador del servicio.',
  },
  worker_lost: {
    what: 'El proceso de lectura se detuvo con esta radiografía, varias veces.',
    action: 'Envíela de nuevo. Si vuelve a fallar, avise al administrador del servicio.',
  },
  internal_error: {
    what: 'El servicio ha fallado de forma inesperada. El error ha quedado registrado.',
    action: 'Reintente. Si vuelve a fallar, avise al administrador del servicio.',
  },
  unknown: {
    what: 'Otra versión del servicio no pudo leer esta radiografía, por una razón que esta no conoce.',
    action: 'Envíela de nuevo. Si vuelve a fallar, avise al administrador del servicio.',
  },
  malformed_request: {
    what: 'La petición no llegó completa.',
    action: 'Reintente. Si vuelve a fallar, avise al administrador del servicio.',
  },
  key_required: {
    what: 'El servicio no sabe quién pregunta.',
    action: 'Inicie sesión con su clave.',
  },
  invalid_key: {
    what: 'El servicio no conoce esta clave, o ya no es válida.',
    action: 'Compruebe que la ha copiado entera, o pida otra al administrador del servicio.',
  },
  missing_scope: {
    what: 'Su clave no permite hacer esto.',
    action: 'Pida al administrador del servicio una clave que lo permita.',
  },
  cross_site: {
    what: 'La petición no venía de la página del propio servicio.',
    action:
      'Abra el panel en su propia dirección y pruebe otra vez. Si vuelve a fallar, avise al administrador del servicio.',
  },
  misdirected_request: {
    what: 'El servicio no responde en esta dirección.',
    action: 'Pida al administrador del servicio su dirección, o que permita esta.',
  },
  not_found: {
    what: 'Aquí no hay nada.',
    action: 'La dirección puede ser errónea, o no le corresponde verla.',
  },
  erased: {
    what: 'Este trabajo se ha borrado.',
    action:
      'Sus radiografías y resultados ya no existen. Envíe las radiografías de nuevo si las necesita.',
  },
  too_large: {
    what: 'Se ha enviado de una vez más de lo que el servicio admite.',
    action: 'Envíe menos archivos, o más pequeños. Divida un ZIP en varios.',
  },
  unsupported_media_type: {
    what: 'Nada de lo enviado es una imagen.',
    action: 'Elija archivos DICOM, PNG, JPEG o TIFF, o un archivo ZIP con ellos.',
  },
  invalid_request: {
    what: 'El servicio no entiende esta dirección o un valor en ella.',
    action: 'Revise la dirección, o empiece de nuevo desde la lista de trabajo.',
  },
  invalid_token: {
    what: 'La sesión no es válida: ha caducado o es para otro servicio.',
    action: 'Inicie sesión de nuevo. Si vuelve a fallar, avise al administrador del servicio.',
  },
  issuer_unavailable: {
    what: 'Ahora mismo no se puede comprobar quién inicia sesión.',
    action: 'Inténtelo en un momento. Si vuelve a fallar, avise al administrador del servicio.',
  },
  method_not_allowed: {
    what: 'El servicio no ofrece lo que se pidió en esta dirección.',
    action: 'Recargue la página. Si vuelve a fallar, avise al administrador del servicio.',
  },
  request_timeout: {
    what: 'La conexión fue demasiado lenta y el servicio no esperó más.',
    action:
      'Se vuelve a enviar automáticamente. Si vuelve a fallar, envíe menos radiografías a la vez.',
  },
  no_result: {
    what: 'Esta radiografía aún no tiene un resultado que valorar.',
    action: 'Espere a que se haya leído.',
  },
  too_many_requests: {
    what: 'Esta clave pide más de lo que puede en un minuto.',
    action: 'Sigue automáticamente en un momento.',
  },
  quota_reached: {
    what: 'Esta clave tiene en espera tantas radiografías como puede.',
    action: 'El envío sigue cuando se hayan leído algunas.',
  },
  headers_too_large: {
    what: 'La dirección de esta página se ha hecho demasiado larga.',
    action: 'Empiece de nuevo desde la lista de trabajo.',
  },
  backlog_full: {
    what: 'El servicio tiene en espera tantas radiografías como admite.',
    action: 'El envío sigue cuando se hayan leído algunas.',
  },
  too_many_waiting: {
    what: 'Demasiadas páginas siguen al servicio a la vez.',
    action: 'Sigue automáticamente. Cierre las páginas que no necesite.',
  },
  too_many_connections: {
    what: 'Hay demasiadas conexiones con el servicio a la vez.',
    action: 'Sigue automáticamente. Cierre las páginas que no necesite.',
  },
  unavailable: {
    what: 'El servicio no puede responder ahora.',
    action: 'Se vuelve a intentar automáticamente.',
  },
  no_files: {
    what: 'No hay ningún archivo dentro.',
    action: 'Compruebe que la carpeta o el ZIP contiene radiografías y elíjalo de nuevo.',
  },
  unknown_photometric: {
    what: 'El servicio no conoce esta forma de leer el blanco y el negro.',
    action: 'Recargue la página y envíe la radiografía de nuevo.',
  },
  unknown_priority: {
    what: 'El servicio no conoce esta prioridad.',
    action: 'Recargue la página, elija la prioridad y envíe la radiografía de nuevo.',
  },
  invalid_reference: {
    what: 'La referencia es demasiado larga, o contiene signos que no se pueden usar.',
    action: 'Quite esta radiografía, acorte o reescriba la referencia y envíela de nuevo.',
  },
  invalid_cursor: {
    what: 'La lista ha cambiado demasiado para seguir desde aquí.',
    action: 'Recargue la página para verla desde el principio.',
  },
  idempotency_key_reused: {
    what: 'El archivo ha cambiado mientras se enviaba.',
    action: 'Elíjalo otra vez y envíelo como nuevo.',
  },
  invalid_callback_url: {
    what: 'La URL de aviso no es una a la que el servicio pueda llamar.',
    action: 'Indique una dirección HTTP o HTTPS sin usuario, contraseña ni fragmento.',
  },
  callback_not_resolved: {
    what: 'El nombre de servidor de la URL de aviso no se puede resolver.',
    action: 'Compruebe cómo está escrita la URL y que el nombre se conozca donde está el servicio.',
  },
  callback_address_refused: {
    what: 'La URL de aviso lleva a una dirección a la que el servicio no llama.',
    action: 'Use una dirección pública, o pida al administrador del servicio que permita esta.',
  },
  callback_lookup_failed: {
    what: 'El nombre de servidor de la URL de aviso no se pudo consultar en este momento.',
    action: 'Inténtelo de nuevo en un momento.',
  },
  no_webhook_secret: {
    what: 'Esta clave no tiene secreto con el que firmar los avisos.',
    action: 'Cree antes uno para esta clave, o no indique URL de aviso.',
  },
  wrong_format: {
    what: 'Los archivos de este tipo no se leen aquí.',
    action: 'Elija archivos DICOM, PNG, JPEG o TIFF, o un archivo ZIP con ellos.',
  },
  unreadable_file: {
    what: 'El navegador no puede leer este archivo.',
    action: 'Quizá se movió o cambió. Elíjalo de nuevo.',
  },
  no_film_in_archive: {
    what: 'Ningún archivo de este ZIP es una radiografía que se pueda leer.',
    action: 'Descomprímalo y compruebe qué contiene.',
  },
  not_sent: {
    what: 'El servicio no aceptó este archivo.',
    action: 'Reintente. Si vuelve a fallar, avise al administrador del servicio.',
  },
}
