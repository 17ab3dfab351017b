import '@testing-library/jest-dom/vitest'

import { cleanup, configure } from '@testing-library/react'
import { afterAll, afterEach, beforeAll, vi } from 'vitest'

import { setSearchText } from '@/shared/lib/search-text'

import { server } from './server'

// Pages are loaded when they are opened first, which takes a busy machine a while.
configure({ asyncUtilTimeout: 10_000 })

beforeAll(() => server.listen({ onUnhandledRequest: 'error' }))
afterEach(() => {
  cleanup()
  server.resetHandlers()
  setSearchText('')
  localStorage.clear()
})
afterAll(() => server.close())

// What jsdom lacks. Nothing is laid out or drawn in it, so a size and no canvas are enough.

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
    // Nothing is kept.
  }
  disconnect() {
    // Nothing is kept.
  }
}
vi.stubGlobal('ResizeObserver', FixedSizeObserver)

// Lists are as high as a window, and each row in them as a row.
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
