/** How naive-ui looks in the console: dense, calm, and dark enough to be read. */
import type { GlobalThemeOverrides } from 'naive-ui';

const PRIMARY = '#1b5583';
const PRIMARY_HOVER = '#164a73';
const PRIMARY_PRESSED = '#103a5b';
const BAD = '#a3261b';
const GOOD = '#0b6b4b';
const WARN = '#8a5a00';
const QUIET = '#5c5866';

export const THEME: GlobalThemeOverrides = {
  common: {
    fontFamily: 'var(--type)',
    fontFamilyMono: 'var(--mono)',
    fontSize: '14px',
    borderRadius: '6px',
    primaryColor: PRIMARY,
    primaryColorHover: PRIMARY_HOVER,
    primaryColorPressed: PRIMARY_PRESSED,
    primaryColorSuppl: PRIMARY_HOVER,
    errorColor: BAD,
    errorColorHover: '#8c1d13',
    errorColorPressed: '#7d1a12',
    errorColorSuppl: '#8c1d13',
    successColor: GOOD,
    successColorHover: '#0a5a40',
    successColorPressed: '#084a35',
    successColorSuppl: '#0a5a40',
    warningColor: WARN,
    warningColorHover: '#734b00',
    warningColorPressed: '#5c3c00',
    warningColorSuppl: '#734b00',
    infoColor: PRIMARY,
    infoColorHover: PRIMARY_HOVER,
    infoColorPressed: PRIMARY_PRESSED,
    infoColorSuppl: PRIMARY_HOVER,
    textColor1: '#1d1b20',
    textColor2: '#2b2830',
    textColor3: QUIET,
    textColorDisabled: '#6b6773',
    placeholderColor: '#6b6773',
    placeholderColorDisabled: '#6b6773',
    iconColor: QUIET,
    borderColor: '#c9c4cf',
    dividerColor: '#e4e0e8',
    opacityDisabled: '0.75',
  },
  Input: { border: '1px solid #8b8694' },
  Button: { border: '1px solid #8b8694' },
};
