/** Files that file managers leave in folders, and the index of DICOM media. */
const CLUTTER = /^(\..*|thumbs\.db|desktop\.ini|dicomdir|__macosx)$/i

export const isClutter = (name: string) => CLUTTER.test(name)
