import type { ReactNode } from 'react'
import { Link, useLocation } from 'wouter'

import { SignOut } from '@/features/session/sign-out'
import { UnsentFilms } from '@/features/submission/unsent-films'
import { useUploads, useUploadState } from '@/features/submission/uploads'
import { useMessages } from '@/shared/i18n/language'
import { jobsPath, modelPath, submitPath, worklistPath } from '@/shared/lib/paths'
import { classes } from '@/shared/ui/classes'
import { ServiceState } from '@/shared/ui/service-state'

import { Settings } from './settings'

/** The frame of every page but the viewer. */
export function Shell({ children }: { children: ReactNode }) {
  const { nav } = useMessages()
  const { dropAll } = useUploads()
  return (
    <div className="flex h-full flex-col">
      <a
        href="#content"
        className="absolute top-1 left-1 z-50 -translate-y-16 bg-ink px-3 py-1 text-ground focus:translate-y-0"
      >
        {nav.skip}
      </a>
      <header className="flex min-h-11 flex-wrap items-center gap-x-4 border-b border-line bg-panel px-2 sm:px-4">
        <span className="font-semibold max-sm:hidden">PneumoCAM</span>
        <Navigation />
        <div className="ml-auto flex items-center gap-2">
          <ServiceState isShownWhenReady />
          <Settings />
          <SignOut onSignedOut={dropAll} />
        </div>
      </header>
      <UnsentFilms />
      {children}
    </div>
  )
}

function Navigation() {
  const { nav } = useMessages()
  const [location] = useLocation()
  const { uploads, jobIds } = useUploadState()
  const waiting = uploads.filter((upload) => upload.state !== 'refused').length
  const isSubmission = location === submitPath || location.startsWith('/jobs/')
  const pages = [
    { href: worklistPath(), label: nav.worklist, isHere: location === '/' },
    {
      // Leads to the current submission, if there is one.
      href: jobsPath(jobIds),
      label: waiting > 0 ? `${nav.submit} (${waiting})` : nav.submit,
      isHere: isSubmission,
    },
    { href: modelPath, label: nav.model, isHere: location === modelPath },
  ]
  return (
    <nav aria-label={nav.label} className="flex self-stretch">
      {pages.map(({ href, label, isHere }) => (
        <Link
          key={label}
          href={href}
          aria-current={isHere ? 'page' : undefined}
          className={classes(
            'flex min-h-11 items-center border-b-2 px-2 whitespace-nowrap sm:px-3',
            isHere ? 'border-ink' : 'border-transparent text-muted hover:text-ink',
          )}
        >
          {label}
        </Link>
      ))}
    </nav>
  )
}
