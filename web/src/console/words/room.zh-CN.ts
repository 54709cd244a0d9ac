/** What the pages of sales say, in Chinese. */
const zh = {
  title: '场次与现场',
  lead: '您管理的场次；进入现场可看实时销售、暂停与恢复。',
  none: '还没有场次。',
  show: '演出',
  starts: '演出时间',
  opens: '开售时间',
  state: '状态',
  left: '余票 / 总数',
  enter: '现场',
};

export default zh;
