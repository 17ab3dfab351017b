import { useModel } from '@/shared/api/model'

/** Activation threshold of regions, from the model card; null if not stated. */
export function useMapThreshold(): number | null {
  const threshold = useModel().data?.['map_threshold']
  return typeof threshold === 'number' && threshold > 0 && threshold < 1 ? threshold : null
}
