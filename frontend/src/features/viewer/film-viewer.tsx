import { useReducer, useRef, useState, type ReactNode } from 'react'

import { useGreyPicture } from '@/shared/api/grey-picture'
import type { Item, Job, Opinion } from '@/shared/api/wire'
import { useMessages } from '@/shared/i18n/language'
import { useSize } from '@/shared/lib/use-size'
import { Disclaimer } from '@/shared/ui/disclaimer'

import { Downloads } from './downloads'
import { Facts } from './facts'
import { FilmArea } from './stage/film-area'
import {
  fitZoom as zoomToFit,
  INITIAL_VIEW,
  PRESET_NAMES,
  PRESETS,
  reduceView,
  viewOfBox,
} from './stage/film-view'
import { WindowControls } from './stage/window-controls'
import { ReaderFeedback } from './reader-feedback'
import { MapControls } from './map/map-controls'
import { useMapSettings } from './map/map-settings'
import { Regions } from './map/regions'
import { useShortcuts } from './shortcuts/use-shortcuts'
import { ShortcutsDialog } from './shortcuts/shortcuts-dialog'
import type { Tool } from './stage/stage'
import { Toolbar, ZOOM_STEP } from './toolbar'
import { useShrinkAhead } from './stage/use-shrink-ahead'
import { ResultSummary } from './result-summary'
import { ViewerFrame } from './viewer-frame'

interface FilmViewerProps {
  jobId: string
  item: Item
  /** Undefined until loaded. */
  job: Job | undefined
  /** The next film of the list, which is prepared. */
  next: Item | undefined
  header: ReactNode
}

const WINDOW_STEP = 8
const PAN_STEP = 48
const OPACITY_STEP = 0.1

/** A film with tools, activation map and result panel. */
export function FilmViewer({ jobId, item, job, next, header }: FilmViewerProps) {
  const { viewer } = useMessages()
  const [view, dispatch] = useReducer(reduceView, INITIAL_VIEW)
  const [tool, setTool] = useState<Tool>('window')
  const [active, setActive] = useState<number | null>(null)
  const [isHelpOpen, setHelpOpen] = useState(false)
  const [isSplit, setSplit] = useState(false)
  const [draft, setDraft] = useState<Opinion | null>(null)
  const settings = useMapSettings()

  // The next film starts with a new view and the same tool. The component is reused: mounting
  // another one takes longer than drawing a film.
  const filmKey = `${jobId}/${item.index}`
  const [shownFilm, setShownFilm] = useState(filmKey)
  if (filmKey !== shownFilm) {
    setShownFilm(filmKey)
    dispatch({ type: 'reset' })
    setActive(null)
    setDraft(null)
  }

  const film = useGreyPicture(item.links.radiograph)
  const map = useGreyPicture(item.links.activation_map)
  const regions = item.result?.regions ?? []
  const lungs = item.result?.lungs ?? null

  const frame = useRef<HTMLDivElement>(null)
  const size = useSize(frame)
  const fit = film.data && size ? zoomToFit(film.data, size, view.turns) : 1
  const zoom = view.zoom ?? fit
  useShrinkAhead(next, size)

  const activate = (region: number) => {
    const box = regions[region]
    setActive(active === region ? null : region)
    if (active === region) dispatch({ type: 'fit' })
    else if (box && film.data && size) {
      dispatch({ type: 'show', ...viewOfBox(view, box, film.data, size) })
    }
  }
  const nextRegion = () => {
    if (regions.length > 0) activate(active === null ? 0 : (active + 1) % regions.length)
  }
  const adjust = (width: number, level: number) =>
    dispatch({ type: 'adjustWindow', width: width * WINDOW_STEP, level: level * WINDOW_STEP })
  const pan = (x: number, y: number) =>
    dispatch({ type: 'pan', by: { x: x * PAN_STEP, y: y * PAN_STEP }, fitZoom: fit })
  const preset = (index: number) => {
    const name = PRESET_NAMES[index]
    if (name) dispatch({ type: 'setWindow', window: PRESETS[name] })
  }
  const setOpacity = (by: number) =>
    settings.setOpacity(Math.round(Math.min(1, Math.max(0, settings.opacity + by)) * 100) / 100)

  useShortcuts({
    map: () => settings.setShown(!settings.isShown),
    contours: () => settings.setContours(!settings.hasContours),
    opacityUp: () => setOpacity(OPACITY_STEP),
    opacityDown: () => setOpacity(-OPACITY_STEP),
    region: nextRegion,
    window: () => setTool('window'),
    pan: () => setTool('pan'),
    zoom: () => setTool('zoom'),
    zoomIn: () => dispatch({ type: 'zoom', factor: ZOOM_STEP, fitZoom: fit }),
    zoomOut: () => dispatch({ type: 'zoom', factor: 1 / ZOOM_STEP, fitZoom: fit }),
    fit: () => dispatch({ type: 'fit' }),
    reset: () => dispatch({ type: 'reset' }),
    rotateRight: () => dispatch({ type: 'turn', to: 'right' }),
    rotateLeft: () => dispatch({ type: 'turn', to: 'left' }),
    flipHorizontal: () => dispatch({ type: 'flip', along: 'x' }),
    flipVertical: () => dispatch({ type: 'flip', along: 'y' }),
    invert: () => dispatch({ type: 'invert' }),
    preset1: () => preset(0),
    preset2: () => preset(1),
    preset3: () => preset(2),
    preset4: () => preset(3),
    // A lower level makes the film brighter.
    brighter: () => adjust(0, -1),
    darker: () => adjust(0, 1),
    softer: () => adjust(1, 0),
    harder: () => adjust(-1, 0),
    panUp: () => pan(0, -1),
    panDown: () => pan(0, 1),
    panLeft: () => pan(-1, 0),
    panRight: () => pan(1, 0),
    sideBySide: () => setSplit(!isSplit),
    agree: () => setDraft('agree'),
    disagree: () => setDraft('disagree'),
    help: () => setHelpOpen(true),
  })

  return (
    <ViewerFrame
      header={header}
      toolbar={
        film.data && (
          <Toolbar
            tool={tool}
            onTool={setTool}
            view={view}
            fitZoom={fit}
            dispatch={dispatch}
            settings={settings}
            hasMap={item.links.activation_map !== null}
            isSplit={isSplit}
            onSplit={setSplit}
            onHelp={() => setHelpOpen(true)}
          />
        )
      }
    >
      <FilmArea
        frame={frame}
        item={item}
        film={film}
        map={map}
        isSplit={isSplit}
        stage={{
          regions,
          lungs,
          active,
          onActivate: activate,
          view,
          zoom,
          fitZoom: fit,
          dispatch,
          tool,
        }}
        settings={settings}
        size={size}
      />
      <aside
        aria-label={viewer.panel}
        className="flex flex-col border-line bg-panel lg:w-64 lg:overflow-y-auto lg:border-l xl:w-80"
      >
        <div className="flex flex-col gap-3 px-4 py-4">
          <ResultSummary key={`result of ${filmKey}`} item={item} job={job} />
          <Disclaimer />
        </div>
        {item.result && (
          <ReaderFeedback
            key={`feedback on ${filmKey}`}
            jobId={jobId}
            item={item}
            draft={draft}
            onDraft={setDraft}
          />
        )}
        {item.state === 'succeeded' && (
          <>
            <Regions result={item.result} active={active} onActivate={activate} />
            <MapControls settings={settings} />
          </>
        )}
        {film.data && <WindowControls view={view} dispatch={dispatch} />}
        <Facts item={item} job={job} />
        <Downloads key={`downloads of ${filmKey}`} item={item} job={job} look={settings} />
      </aside>
      <ShortcutsDialog isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} />
    </ViewerFrame>
  )
}
