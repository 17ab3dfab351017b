/** What file managers leave in folders, and what DICOM media carry beside their films. */
const CLUTTER = /^(\..*|thumbs\.db|desktop\.ini|dicomdir|__macosx)$/i

export const isClutter = (name: string) => CLUTTER.test(name)
