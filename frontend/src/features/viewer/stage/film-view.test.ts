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

test('zooming keeps the point under the pointer in place', () => {
  const at = { x: 100, y: -40 }
  const view = after({ type: 'zoom', factor: 2, at, fitZoom: 0.5 })

  // The film point under the pointer is (at - pan) / zoom, before and after.
  expect(view.zoom).toBe(1)
  expect({ x: (at.x - view.pan.x) / 1, y: (at.y - view.pan.y) / 1 }).toEqual({
    x: at.x / 0.5,
    y: at.y / 0.5,
  })
})

test('a turned film is fitted to the viewer', () => {
  const film = { width: 1000, height: 500 }
  const viewer = { width: 800, height: 800 }

  expect(fitZoom(film, viewer, 0)).toBe(0.8)
  expect(fitZoom({ width: 500, height: 1000 }, { width: 400, height: 1000 }, 1)).toBe(0.4)
})

test('the picture’s left is the patient’s right', () => {
  expect(sidesOnScreen(INITIAL_VIEW)).toMatchObject({ left: 'R', right: 'L' })
})

test('the sides follow flips and turns', () => {
  expect(sidesOnScreen(after(flipX))).toMatchObject({ left: 'L', right: 'R' })
  expect(sidesOnScreen(after(turnRight))).toMatchObject({ top: 'R', bottom: 'L', left: null })
  expect(sidesOnScreen(after(flipX, turnRight))).toMatchObject({ bottom: 'R', top: 'L' })
})

test('a turn to the right is clockwise on the screen, mirrored or not', () => {
  const right = { x: 1, y: 0 }

  // The vector that pointed right points down.
  expect(toScreen(after(turnRight), 1, right)).toEqual({ x: 0, y: 1 })
  // Mirrored, it pointed left before and points up after.
  const { x, y } = toScreen(after(flipX, turnRight), 1, right)
  expect([x + 0, y]).toEqual([0, -1])
})

test('four turns restore the orientation', () => {
  expect(after(turnRight, turnRight, turnRight, turnRight).turns).toBe(0)
})

test('a region is centred', () => {
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

test('reset restores the initial view', () => {
  const changed = after(turnRight, flipX, { type: 'invert' }, { type: 'fit' })

  expect(reduceView(changed, { type: 'reset' })).toEqual(INITIAL_VIEW)
})

test('a window keeps a minimum width', () => {
  expect(after({ type: 'adjustWindow', width: -9_999, level: 0 }).window.width).toBe(2)
})
