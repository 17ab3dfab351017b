const CHANNEL = 'pneumocam.uploads'
/** Pages of the same browser answer within milliseconds, if they are not very busy. */
const ANSWER_MS = 300

type Message =
  | { kind: 'who' }
  | { kind: 'here'; page: string }
  /** Somebody has signed out: what they were sending is nobody else's. */
  | { kind: 'drop' }

/** The pages of this dashboard that are open in this browser, as far as they answer. */
export class OpenPages {
  readonly #channel: BroadcastChannel | null
  readonly #page: string
  readonly #heard = new Set<string>()

  /**
   * Args:
   *   page: What this one is called.
   *   onDrop: Called when somebody has signed out in another one.
   */
  constructor(page: string, onDrop: () => void) {
    this.#page = page
    this.#channel = 'BroadcastChannel' in globalThis ? new BroadcastChannel(CHANNEL) : null
    this.#channel?.addEventListener('message', ({ data }: MessageEvent<Message>) => {
      if (data.kind === 'who') this.#say({ kind: 'here', page: this.#page })
      if (data.kind === 'here') this.#heard.add(data.page)
      if (data.kind === 'drop') onDrop()
    })
  }

  async others(): Promise<ReadonlySet<string>> {
    this.#heard.clear()
    this.#say({ kind: 'who' })
    await new Promise((resolve) => {
      setTimeout(resolve, ANSWER_MS)
    })
    return new Set(this.#heard)
  }

  tellToDrop(): void {
    this.#say({ kind: 'drop' })
  }

  close(): void {
    this.#channel?.close()
  }

  #say(message: Message): void {
    this.#channel?.postMessage(message)
  }
}
