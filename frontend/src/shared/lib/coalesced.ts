export const sleep = (milliseconds: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds)
  })

/**
 * Coalesce calls of an action. The first call starts it at once; calls while it runs, or within the
 * gap after its end, lead to one more run after the gap.
 */
export function coalesced(action: () => Promise<unknown>, gapMs: number): () => void {
  let isBusy = false
  let isWanted = false
  const begin = () => {
    isBusy = true
    isWanted = false
    void run()
  }
  const run = async () => {
    await action().catch(() => undefined)
    await sleep(gapMs)
    isBusy = false
    if (isWanted) begin()
  }
  return () => {
    if (isBusy) isWanted = true
    else begin()
  }
}
