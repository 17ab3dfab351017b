import { useModel } from '@/shared/api/model'

/** The activation from which regions are drawn, where the model card says it. */
export function useMapThreshold(): number | null {
  const threshold = useModel().data?.['map_threshold']
  return typeof threshold === 'number' && threshold > 0 && threshold < 1 ? threshold : null
}
