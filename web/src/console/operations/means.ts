/** What a setting means, in the reader's language: English is the API's own. */
import { useI18n } from 'vue-i18n';
import type { ConfigView } from '../../../../contracts/config.ts';
import { isEnglish } from '../../say.ts';

export function useMeans(): (view: Pick<ConfigView, 'setting' | 'means'>) => string {
  const { t, te } = useI18n();
  return ({ setting, means }) => {
    const key = `settings.means.${setting}`;
    return !isEnglish.value && te(key) ? t(key) : means;
  };
}
