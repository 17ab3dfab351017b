import { oneOf, usePreference } from '@/shared/lib/preference'

export const THEMES = ['dark', 'light'] as const

const THEME = oneOf('theme', THEMES, 'dark')

/** Dark unless light was chosen: reading rooms are dark whatever the desktop's setting. */
export const useTheme = () => usePreference(THEME)
