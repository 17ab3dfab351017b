import '@testing-library/jest-dom/vitest'

import { cleanup, configure } from '@testing-library/react'
import { afterAll, afterEach, beforeAll, vi } from 'vitest'

import { setSearchText } from '@/shared/lib/search-text'

import { server } from './server'

// A page's code is loaded on first use, which is slow on a busy machine.
configure({ asyncUtilTimeout: 10_000 })

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterEach(() => {
  cleanup()
  server.resetHandlers()
  setSearchText('')
  localStorage.clear()
})
afterAll(() => server.close())

// Stand-ins for what jsdom lacks. It lays out and draws nothing, so a size and no canvas are enough.

class FixedSizeObserver implements ResizeObserver {
  readonly #callback: ResizeObserverCallback
  constructor(callback: ResizeObserverCallback) {
    this.#callback = callback
  }
  observe(target: Element) {
    const entry = { target, contentRect: new DOMRect(0, 0, 1000, 800) } as ResizeObserverEntry
    this.#callback([entry], this)
  }
  unobserve() {
    // Nothing to do.
  }
  disconnect() {
    // Nothing to do.
  }
}
vi.stubGlobal('ResizeObserver', FixedSizeObserver)

// Heights of lists and rows, which a virtual list needs.
Object.defineProperties(Element.prototype, {
  clientHeight: { get: () => 800 },
  clientWidth: { get: () => 1000 },
})
Object.defineProperties(HTMLElement.prototype, {
  offsetHeight: { get: () => 40 },
  offsetWidth: { get: () => 1000 },
})
HTMLCanvasElement.prototype.getContext = () => null
Element.prototype.scrollTo = () => undefined
HTMLDialogElement.prototype.showModal = function () {
  this.setAttribute('open', '')
}
HTMLDialogElement.prototype.close = function () {
  this.removeAttribute('open')
}

vi.stubGlobal('createImageBitmap', () =>
  Promise.resolve({ width: 4, height: 4, close: () => undefined }),
)
vi.stubGlobal(
  'OffscreenCanvas',
  class {
    getContext() {
      return {
        drawImage: () => undefined,
        getImageData: (_x: number, _y: number, width: number, height: number) => ({
          data: new Uint8ClampedArray(width * height * 4),
        }),
      }
    }
  },
)
