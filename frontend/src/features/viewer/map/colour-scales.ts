/**
 * Colour scales whose order is visible with every kind of colour vision, and in grey.
 *
 * Viridis and magma are by van der Walt and Smith, cividis by Nuñez, Anderton and Renslow
 * (https://doi.org/10.1371/journal.pone.0199239). Each is given by 33 of its colours, evenly
 * spaced; linear interpolation between them differs by at most 6 of 255 from the original.
 */
const ANCHORS = {
  viridis:
    '440154 470d60 48186a 482374 472d7b 453681 424086 3f4989 3b528b 375a8d 33638d ' +
    '2f6a8e 2c728e 297a8e 26818e 23898e 21908c 1f988b 1f9f88 21a685 28ae80 31b57b ' +
    '3ebc74 4cc26c 5dc963 6ece58 82d34c 96d83f abdc32 c0df24 d5e21a eae51a fde725',
  cividis:
    '00224e 00285b 002e6a 043371 1a386f 273e6e 32436d 3b496c 434e6c 4b546c 52596d ' +
    '5a5f6e 61656f 686a71 6f7073 757676 7c7b78 848179 8b8778 938d78 9b9376 a39a75 ' +
    'aba072 b3a670 bbad6c c3b469 ccba64 d4c15f ddc958 e6d051 efd748 f8df3c fee838',
  magma:
    '000004 030311 0a0822 130d33 1d1146 28115a 36106a 430f76 50127c 5d177f 691c81 ' +
    '762181 822681 8f2a81 9c2e7f a9327d b63779 c33b75 cf4170 db486a e65163 ee5c5e ' +
    'f5695c f9785d fb8761 fd9668 fea571 feb47b fec387 fed194 fde0a2 fceeb0 fcfdbf',
}

export type ScaleName = keyof typeof ANCHORS
export const SCALE_NAMES = Object.keys(ANCHORS) as ScaleName[]

type Rgb = readonly [red: number, green: number, blue: number]

/** 256 colours, from 0 to 1. */
export const COLOUR_SCALES: Record<ScaleName, readonly Rgb[]> = {
  viridis: interpolate(ANCHORS.viridis),
  cividis: interpolate(ANCHORS.cividis),
  magma: interpolate(ANCHORS.magma),
}

export const cssColour = ([red, green, blue]: Rgb) => `rgb(${red} ${green} ${blue})`

function interpolate(anchors: string): Rgb[] {
  const colours = anchors.split(' ').map(parseHex)
  const last = colours.length - 1
  return Array.from({ length: 256 }, (_, value) => {
    const place = (value / 255) * last
    const below = colours[Math.floor(place)] ?? [0, 0, 0]
    const above = colours[Math.ceil(place)] ?? below
    const mix = (channel: 0 | 1 | 2) =>
      Math.round(below[channel] + (above[channel] - below[channel]) * (place % 1))
    return [mix(0), mix(1), mix(2)]
  })
}

function parseHex(hex: string): Rgb {
  const value = Number.parseInt(hex, 16)
  return [value >> 16, (value >> 8) & 0xff, value & 0xff]
}
