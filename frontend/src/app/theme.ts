import { oneOf, usePreference } from '@/shared/lib/preference'

export const THEMES = ['dark', 'light'] as const

const THEME = oneOf('theme', THEMES, 'dark')

/** Dark unless light was chosen: reading rooms are dark, so the desktop's setting is ignored. */
export const useTheme = () => usePreference(THEME)
