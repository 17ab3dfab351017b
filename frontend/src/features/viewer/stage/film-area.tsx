import { Hourglass, ImageOff } from 'lucide-react'
import type { RefObject } from 'react'

import type { useGreyPicture } from '@/shared/api/grey-picture'
import { isFinal, type Item } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'
import { isSideAssumed } from '@/shared/lib/sides'
import type { Size } from '@/shared/lib/use-size'
import { Failure } from '@/shared/ui/failure'
import { Notice } from '@/shared/ui/notice'

import { ColourBar } from '../map/colour-bar'
import type { MapSettings } from '../map/map-settings'
import { OverlayText } from './overlay-text'
import { Stage, type StageProps } from './stage'
import { useLiveWindow } from './use-live-window'

interface FilmAreaProps {
  /** Element with the size of a pane. */
  frame: RefObject<HTMLDivElement | null>
  item: Item
  film: ReturnType<typeof useGreyPicture>
  map: ReturnType<typeof useGreyPicture>
  /** True to show the film twice, alone and with its map. */
  isSplit: boolean
  stage: Pick<
    StageProps,
    | 'regions'
    | 'lungs'
    | 'active'
    | 'onActivate'
    | 'view'
    | 'zoom'
    | 'fitZoom'
    | 'dispatch'
    | 'tool'
  >
  settings: MapSettings
  size: Size | null
}

/** The film, or a notice instead of it. */
export function FilmArea(props: FilmAreaProps) {
  const { frame, item, film, map, isSplit, stage, settings, size } = props
  const { viewer } = useMessages()
  const live = useLiveWindow(item.links.radiograph ?? '', stage.view, stage.dispatch)
  const hasMap = map.data !== undefined && settings.isShown
  const pane = (isMapShown: boolean) =>
    film.data &&
    size && (
      <Stage
        {...stage}
        view={live.view}
        onAdjust={live.adjust}
        onRelease={live.release}
        name={item.filename}
        film={film.data}
        map={map.data ?? null}
        isMapShown={isMapShown}
        isFrontal={item.state !== 'rejected'}
        isSideAssumed={isSideAssumed(item.result)}
        settings={settings}
        size={size}
      />
    )

  return (
    <div className="on-film relative flex min-h-0 flex-1 overflow-hidden bg-black text-ink max-lg:h-[64dvh] max-lg:flex-none max-sm:flex-col">
      <div ref={frame} className="relative min-h-0 min-w-0 flex-1 overflow-hidden">
        {pane(settings.isShown && !isSplit)}
        {film.data && size ? (
          <OverlayText view={live.view} zoom={stage.zoom} size={size} />
        ) : (
          <Instead item={item} film={film} />
        )}
      </div>
      {isSplit && film.data && (
        <div className="relative min-h-0 min-w-0 flex-1 overflow-hidden border-line max-sm:border-t sm:border-l">
          {pane(settings.isShown)}
        </div>
      )}
      {hasMap && film.data && (
        <div className="pointer-events-none absolute right-3 bottom-6">
          <ColourBar settings={settings} />
        </div>
      )}
      {map.error && (
        <p role="alert" className="film-text absolute inset-x-0 top-3 text-center">
          {viewer.mapFailed}
        </p>
      )}
    </div>
  )
}

function Instead({ item, film }: { item: Item; film: FilmAreaProps['film'] }) {
  const { viewer } = useMessages()
  const filling = 'h-full justify-center'
  if (film.error) {
    return <Failure error={film.error} retry={() => void film.refetch()} className={filling} />
  }
  if (!isFinal(item.state)) {
    return <Notice icon={Hourglass} title={viewer.waiting} className={filling} />
  }
  if (item.links.radiograph === null) {
    return <Notice icon={ImageOff} title={viewer.noPicture} className={filling} />
  }
  // For screen readers only: it is mostly over before it could be read.
  return (
    <p role="status" className="sr-only">
      {viewer.loading}
    </p>
  )
}
