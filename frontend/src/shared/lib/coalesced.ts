export const sleep = (milliseconds: number) =>
  new Promise<void>((resolve) => {
    setTimeout(resolve, milliseconds)
  })

/**
 * An action that is begun at once when it is asked for, never twice at the same time nor sooner
 * than a gap after its end, and once more if it was asked for meanwhile.
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
