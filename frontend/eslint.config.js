import { readdirSync } from 'node:fs'

import js from '@eslint/js'
import a11y from 'eslint-plugin-jsx-a11y-x'
import reactHooks from 'eslint-plugin-react-hooks'
import globals from 'globals'
import ts from 'typescript-eslint'

const features = readdirSync('src/features')

/** Files that may not import the forbidden modules. */
const direction = (files, forbidden, message) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          { group: forbidden, message },
          { group: ['../../*'], message: 'Import from another folder by its full path: @/…' },
        ],
      },
    ],
  },
})

/** shared -> features -> app. No feature imports another: code that two need is in shared. */
const LAYERS = 'Imports go shared -> features -> app, and no feature imports another.'

/** The rooms of a feature, and the other rooms of it that each may import. */
const ROOMS = {
  viewer: { map: [], stage: ['map'], shortcuts: ['stage'], report: ['map', 'stage'] },
  submission: { files: [], queue: ['files'] },
}

const layersOf = (feature) => [
  '@/app/**',
  ...features.filter((other) => other !== feature).map((other) => `@/features/${other}/**`),
]

const rooms = Object.entries(ROOMS).flatMap(([feature, imports]) =>
  Object.entries(imports).map(([room, others]) =>
    direction(
      [`src/features/${feature}/${room}/**`],
      [
        ...layersOf(feature),
        `@/features/${feature}/**`,
        '../*',
        ...others.map((other) => `!../${other}`),
      ],
      `${feature}/${room} imports from ${['shared', ...others.map((other) => `../${other}`)].join(', ')} only.`,
    ),
  ),
)

export default ts.config(
  { ignores: ['dist', 'src/api/schema.d.ts'] },
  js.configs.recommended,
  ts.configs.strictTypeChecked,
  a11y.configs['flat/strict'] ?? a11y.configs.strict,
  reactHooks.configs.flat['recommended-latest'] ?? reactHooks.configs.flat.recommended,
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      // Warns of what the React compiler would leave out; it is not used here.
      'react-hooks/incompatible-library': 'off',
      'no-console': 'error',
    },
  },
  { files: ['eslint.config.js'], ...ts.configs.disableTypeChecked },
  direction(['src/shared/**'], ['@/features/**', '@/app/**'], LAYERS),
  ...features.map((feature) =>
    direction([`src/features/${feature}/**`], layersOf(feature), LAYERS),
  ),
  ...rooms,
)
