const CHANNEL = 'pneumocam.uploads'
/** Time for other pages to answer; they usually need a few milliseconds. */
const ANSWER_MS = 300

type Message =
  | { kind: 'who' }
  | { kind: 'here'; page: string }
  /** Signed out: unsent films must be erased. */
  | { kind: 'drop' }

/** Finds the other open pages of this dashboard in this browser. */
export class OpenPages {
  readonly #channel: BroadcastChannel | null
  readonly #page: string
  readonly #heard = new Set<string>()

  /**
   * Args:
   *   page: Name of this page.
   *   onDrop: Called when another page has signed out.
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
