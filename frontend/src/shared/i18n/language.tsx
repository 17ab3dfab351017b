import { createContext, use, useEffect, type ReactNode } from 'react'

import { oneOf, usePreference } from '@/shared/lib/preference'

import { en, type Messages } from './en'
import { es } from './es'

export const CATALOGUES = { en, es } satisfies Record<string, Messages>
export type Language = keyof typeof CATALOGUES
export const LANGUAGES = Object.keys(CATALOGUES) as Language[]

const browserLanguage = (): Language =>
  LANGUAGES.find((language) => navigator.language.startsWith(language)) ?? 'en'

const languagePreference = oneOf('language', LANGUAGES, browserLanguage())

const Context = createContext<Language>('en')

export function LanguageProvider({ children }: { children: ReactNode }) {
  const [language] = usePreference(languagePreference)
  useEffect(() => {
    document.documentElement.lang = language
  }, [language])
  return <Context value={language}>{children}</Context>
}

/** The texts in the chosen language. */
export const useMessages = (): Messages => CATALOGUES[use(Context)]

export const useLanguage = (): Language => use(Context)

export const useLanguageChoice = () => usePreference(languagePreference)
