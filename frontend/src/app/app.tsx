import { QueryClientProvider, type QueryClient } from '@tanstack/react-query'
import { SearchX } from 'lucide-react'
import { Tooltip } from 'radix-ui'
import { lazy, Suspense, useEffect, type ReactNode } from 'react'
import { Link, Route, Switch, useSearchParams } from 'wouter'

import { SignInPage } from '@/features/session/sign-in-page'
import { DropTarget } from '@/features/submission/drop-target'
import { FilePickerProvider } from '@/features/submission/file-picker'
import { SubmissionPage } from '@/features/submission/submission-page'
import { UploadsProvider } from '@/features/submission/uploads'
import { WorklistPage } from '@/features/worklist/worklist-page'
import { isSignedOut, useSession } from '@/shared/api/session'
import { LanguageProvider, useMessages } from '@/shared/i18n/language'
import { readFilmList, readJobIds, worklistPath } from '@/shared/lib/paths'
import { Notice } from '@/shared/ui/notice'

import { ChooseFilms } from './choose-films'
import { Crash } from './crash'
import { usePageFocus } from './page-focus'
import { Settings } from './settings'
import { Shell } from './shell'
import { useTheme } from './theme'

const ViewerPage = lazy(() =>
  import('@/features/viewer/viewer-page').then((module) => ({ default: module.ViewerPage })),
)
const ModelPage = lazy(() =>
  import('@/features/model/model-page').then((module) => ({ default: module.ModelPage })),
)

export function App({ queries }: { queries: QueryClient }) {
  const [theme] = useTheme()
  useEffect(() => {
    document.documentElement.dataset['theme'] = theme
  }, [theme])
  return (
    <LanguageProvider>
      <Crash>
        <QueryClientProvider client={queries}>
          <Tooltip.Provider delayDuration={400} skipDelayDuration={200}>
            <UploadsProvider>
              <FilePickerProvider>
                <SignedIn>
                  <Suspense>
                    <Pages />
                  </Suspense>
                  <DropTarget />
                </SignedIn>
              </FilePickerProvider>
            </UploadsProvider>
          </Tooltip.Provider>
        </QueryClientProvider>
      </Crash>
    </LanguageProvider>
  )
}

/** The pages, or the sign-in page if the service needs a key. Pages do not wait for the answer. */
function SignedIn({ children }: { children: ReactNode }) {
  const { data } = useSession()
  if (data === undefined || !isSignedOut(data)) return children
  return (
    <div className="flex h-full flex-col">
      <header className="flex min-h-11 items-center justify-between border-b border-line bg-panel px-2 sm:px-4">
        <span className="font-semibold">PneumoCAM</span>
        <Settings />
      </header>
      <SignInPage />
    </div>
  )
}

function Pages() {
  const messages = useMessages()
  usePageFocus()
  const [params] = useSearchParams()
  return (
    <Switch>
      <Route path="/jobs/:jobId/items/:index">
        {({ jobId, index }) => (
          <ViewerPage jobId={jobId} index={Number(index)} list={readFilmList(params)} />
        )}
      </Route>
      <Route>
        <Shell>
          <Switch>
            <Route path="/">
              <Titled title={messages.worklist.title}>
                <WorklistPage submitAction={<ChooseFilms look="primary" />} />
              </Titled>
            </Route>
            <Route path="/submit">
              <Titled title={messages.submit.title}>
                <SubmissionPage jobIds={[]} />
              </Titled>
            </Route>
            <Route path="/jobs/:ids">
              {({ ids }) => (
                <Titled title={messages.submit.title}>
                  <SubmissionPage jobIds={readJobIds(ids)} />
                </Titled>
              )}
            </Route>
            <Route path="/model">
              <Titled title={messages.model.title}>
                <ModelPage />
              </Titled>
            </Route>
            <Route>
              <Titled title={messages.nowhere.title}>
                <main id="content" tabIndex={-1} className="flex-1 outline-none">
                  <h1 className="sr-only">{messages.nowhere.title}</h1>
                  <Notice icon={SearchX} title={messages.nowhere.title}>
                    <p>{messages.nowhere.hint}</p>
                    <Link href={worklistPath()} className="underline">
                      {messages.nowhere.worklist}
                    </Link>
                  </Notice>
                </main>
              </Titled>
            </Route>
          </Switch>
        </Shell>
      </Route>
    </Switch>
  )
}

function Titled({ title, children }: { title: string; children: ReactNode }) {
  useEffect(() => {
    document.title = `${title} · PneumoCAM`
  }, [title])
  return children
}
