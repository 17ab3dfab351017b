import { expect, test } from 'vitest'

import {
  fitZoom,
  INITIAL_VIEW,
  reduceView,
  sidesOnScreen,
  toScreen,
  viewOfBox,
  type FilmView,
  type ViewAction,
} from './film-view'

const after = (...actions: ViewAction[]): FilmView => actions.reduce(reduceView, INITIAL_VIEW)

const turnRight: ViewAction = { type: 'turn', to: 'right' }
const flipX: ViewAction = { type: 'flip', along: 'x' }

test('zooming keeps what is under the pointer where it is', () => {
  const at = { x: 100, y: -40 }
  const view = after({ type: 'zoom', factor: 2, at, fitZoom: 0.5 })

  // The film point that was under the pointer: (at - pan) / zoom, before and after.
  expect(view.zoom).toBe(1)
  expect({ x: (at.x - view.pan.x) / 1, y: (at.y - view.pan.y) / 1 }).toEqual({
    x: at.x / 0.5,
    y: at.y / 0.5,
  })
})

test('a film lies fitted when it is turned', () => {
  const film = { width: 1000, height: 500 }
  const viewer = { width: 800, height: 800 }

  expect(fitZoom(film, viewer, 0)).toBe(0.8)
  expect(fitZoom({ width: 500, height: 1000 }, { width: 400, height: 1000 }, 1)).toBe(0.4)
})

test('the picture’s left is the patient’s right', () => {
  expect(sidesOnScreen(INITIAL_VIEW)).toMatchObject({ left: 'R', right: 'L' })
})

test('the sides go with the film when it is flipped and turned', () => {
  expect(sidesOnScreen(after(flipX))).toMatchObject({ left: 'L', right: 'R' })
  expect(sidesOnScreen(after(turnRight))).toMatchObject({ top: 'R', bottom: 'L', left: null })
  expect(sidesOnScreen(after(flipX, turnRight))).toMatchObject({ bottom: 'R', top: 'L' })
})

test('a turn to the right is one on the screen, mirrored or not', () => {
  const right = { x: 1, y: 0 }

  // What pointed right points down.
  expect(toScreen(after(turnRight), 1, right)).toEqual({ x: 0, y: 1 })
  // Mirrored, it pointed left before, and points up after.
  const { x, y } = toScreen(after(flipX, turnRight), 1, right)
  expect([x + 0, y]).toEqual([0, -1])
})

test('four turns are none', () => {
  expect(after(turnRight, turnRight, turnRight, turnRight).turns).toBe(0)
})

test('a region is brought to the middle', () => {
  const film = { width: 1000, height: 1000 }
  const viewer = { width: 500, height: 500 }
  const { zoom, pan } = viewOfBox(
    INITIAL_VIEW,
    { x: 0.7, y: 0.2, width: 0.2, height: 0.1 },
    film,
    viewer,
  )

  expect(zoom).toBe(1)
  expect(pan.x).toBeCloseTo(-300)
  expect(pan.y).toBeCloseTo(250)
})

test('reset takes back everything', () => {
  const changed = after(turnRight, flipX, { type: 'invert' }, { type: 'fit' })

  expect(reduceView(changed, { type: 'reset' })).toEqual(INITIAL_VIEW)
})

test('a window never closes entirely', () => {
  expect(after({ type: 'adjustWindow', width: -9_999, level: 0 }).window.width).toBe(2)
})
