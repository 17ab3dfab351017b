import { readdirSync } from 'node:fs'

import js from '@eslint/js'
import a11y from 'eslint-plugin-jsx-a11y-x'
import reactHooks from 'eslint-plugin-react-hooks'
import globals from 'globals'
import ts from 'typescript-eslint'

const features = readdirSync('src/features')

/** shared -> features -> app, and no feature knows another: what two need is shared. */
const direction = (files, forbidden) => ({
  files,
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          { group: forbidden, message: 'Imports go shared -> features -> app.' },
          { group: ['../../*'], message: 'Say where it is: @/…' },
        ],
      },
    ],
  },
})

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
  direction(['src/shared/**'], ['@/features/**', '@/app/**']),
  ...features.map((feature) =>
    direction(
      [`src/features/${feature}/**`],
      ['@/app/**', ...features.filter((f) => f !== feature).map((f) => `@/features/${f}/**`)],
    ),
  ),
)
