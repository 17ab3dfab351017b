/** How far the service's clock is ahead of this computer's, which may be wrong by hours. */
let aheadMs = 0

/** Takes note of a moment that the service has just told. */
export function setServiceClock(iso: string): void {
  aheadMs = Date.parse(iso) - Date.now()
}

export const serviceNow = () => Date.now() + aheadMs
