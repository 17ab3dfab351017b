/** Milliseconds by which the service's clock is ahead of this computer's, which may be hours off. */
let aheadMs = 0

/** Set the service's clock to a time that it has just sent. */
export function setServiceClock(iso: string): void {
  aheadMs = Date.parse(iso) - Date.now()
}

export const serviceNow = () => Date.now() + aheadMs
