import { Settings as Gear } from 'lucide-react'
import { Popover } from 'radix-ui'

import { CATALOGUES, LANGUAGES, useLanguageChoice, useMessages } from '@/shared/i18n/language'
import { IconButton } from '@/shared/ui/button'
import { Segments } from '@/shared/ui/segments'
import { THEMES, useTheme } from './theme'

/** Theme and language of this browser. */
export function Settings() {
  const { nav } = useMessages()
  const [language, setLanguage] = useLanguageChoice()
  const [theme, setTheme] = useTheme()
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <IconButton label={nav.settings} icon={Gear} />
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="end"
          sideOffset={4}
          collisionPadding={8}
          aria-label={nav.settings}
          className="z-40 flex flex-col gap-4 border border-line bg-panel p-4"
        >
          <div className="flex items-center justify-between gap-6">
            <span aria-hidden className="text-muted">
              {nav.theme}
            </span>
            <Segments
              label={nav.theme}
              value={theme}
              choices={THEMES.map((value) => ({ value, label: nav[value] }))}
              onChange={setTheme}
            />
          </div>
          <div className="flex items-center justify-between gap-6">
            <span aria-hidden className="text-muted">
              {nav.language}
            </span>
            <Segments
              label={nav.language}
              value={language}
              choices={LANGUAGES.map((value) => ({ value, label: CATALOGUES[value].language }))}
              onChange={setLanguage}
            />
          </div>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  )
}
