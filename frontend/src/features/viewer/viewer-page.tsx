import { ArrowLeft, ChevronLeft, ChevronRight, ImageOff, LoaderCircle } from 'lucide-react'
import { useEffect } from 'react'
import { Link, useLocation } from 'wouter'

import { useFollowedJobs } from '@/shared/api/followed-jobs'
import { useMessages } from '@/shared/i18n/language'
import { filmListPath, filmPath, type FilmList } from '@/shared/lib/paths'
import { buttonClasses, IconButton } from '@/shared/ui/button'
import { Failure } from '@/shared/ui/failure'
import { Notice } from '@/shared/ui/notice'

import { useFilmSequence, type FilmInList } from './film-sequence'
import { FilmViewer } from './film-viewer'
import { useShortcutLabel, useShortcuts } from './shortcuts/use-shortcuts'
import { ViewerFrame } from './viewer-frame'

interface ViewerPageProps {
  jobId: string
  index: number
  list: FilmList
}

/** One film with its result. */
export function ViewerPage({ jobId, index, list }: ViewerPageProps) {
  const { viewer } = useMessages()
  const [, navigate] = useLocation()
  const sequence = useFilmSequence(list, jobId, index)
  const [job] = useFollowedJobs([jobId])
  // The list's copy of the item is shown first, so that the next film appears at once.
  const item = job?.data?.items[index] ?? sequence.films[sequence.position]?.item

  const previous = sequence.films[sequence.position - 1]
  const next = sequence.position < 0 ? undefined : sequence.films[sequence.position + 1]
  const open = (film: FilmInList | undefined) => {
    if (film) navigate(filmPath(film.jobId, film.item.index, list), { replace: true })
  }
  const key = useShortcutLabel()
  const back = filmListPath(list, jobId, index)
  const backLabel = list.kind === 'jobs' ? viewer.backToJobs : viewer.back

  useShortcuts({
    next: () => open(next),
    previous: () => open(previous),
    back: () => navigate(back),
  })

  useEffect(() => {
    if (item) document.title = `${item.filename} · PneumoCAM`
  }, [item])

  const header = (
    <>
      <Link href={back} className={buttonClasses('quiet', 'h-9 px-2!')}>
        <ArrowLeft aria-hidden size="1rem" />
        <span className="max-sm:sr-only">{backLabel}</span>
      </Link>
      <div className="flex items-center">
        <IconButton
          label={viewer.previous}
          icon={ChevronLeft}
          shortcut={key('previous')}
          disabled={!previous}
          onClick={() => open(previous)}
        />
        <IconButton
          label={viewer.next}
          icon={ChevronRight}
          shortcut={key('next')}
          disabled={!next}
          onClick={() => open(next)}
        />
        {sequence.position >= 0 && (
          <span className="px-2 whitespace-nowrap text-muted max-md:hidden">
            {viewer.position(sequence.position + 1, sequence.films.length, sequence.hasMore)}
          </span>
        )}
      </div>
      <h1 aria-live="polite" className="min-w-0 flex-1 truncate font-medium" title={item?.filename}>
        {item?.filename ?? viewer.filmNumber(index + 1)}
      </h1>
    </>
  )

  if (item === undefined) {
    return (
      <ViewerFrame header={header}>
        <div className="flex-1">
          {job?.error ? (
            <Failure error={job.error} retry={() => void job.refetch()} />
          ) : job?.data ? (
            <Notice icon={ImageOff} title={viewer.noPicture} />
          ) : (
            <Notice icon={LoaderCircle} title={viewer.loading} />
          )}
        </div>
      </ViewerFrame>
    )
  }
  return <FilmViewer jobId={jobId} item={item} job={job?.data} next={next?.item} header={header} />
}
