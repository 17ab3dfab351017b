import { expect, test } from 'vitest'

import { COLOUR_SCALES } from './colour-scales'

test('the scales have the end colours of their authors', () => {
  expect(COLOUR_SCALES.viridis[0]).toEqual([0x44, 0x01, 0x54])
  expect(COLOUR_SCALES.viridis[255]).toEqual([0xfd, 0xe7, 0x25])
  expect(COLOUR_SCALES.magma[255]).toEqual([0xfc, 0xfd, 0xbf])
  expect(COLOUR_SCALES.cividis[255]).toEqual([0xfe, 0xe8, 0x38])
})

test('each scale gets lighter from end to end, so it can be read in grey', () => {
  for (const colours of Object.values(COLOUR_SCALES)) {
    const lightness = [0, 64, 128, 192, 255].map((value) => {
      const [red = 0, green = 0, blue = 0] = colours[value] ?? []
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue
    })
    expect(lightness).toEqual([...lightness].sort((a, b) => a - b))
  }
})
