/** What the form of a session says, in Chinese. */
const zh = {
  new: '新建场次',
  titleOf: '{at} 的场次',
  toShow: '返回演出',
  toRoom: '进入售票现场',
  what: '演什么、在哪里',
  show: '演出',
  venue: '场馆',
  template: '座位模板',
  templateHelp: '使用模板的当前版本；发布时座位图即被冻结，之后改模板不影响本场。',
  when: '时间',
  zone: '以下时间均为场馆当地时间（{zone}）。',
  startsAt: '演出开始',
  reservationOpensAt: '预约开始',
  reservationClosesAt: '预约截止',
  saleOpensAt: '开售',
  saleClosesAt: '停售',
  rules: '规则',
  seatsPerBuyerMax: '每人限购（张）',
  lockSeconds: '付款时限（秒，5–3600）',
  reservationRequired: '必须先预约才能抢票',
  prices: '票价（元）',
  noTiers: '选好座位模板后，在这里为每个票档定价。',
  seats: '{n} 座',
  saveDraft: '保存草稿',
  saveFirst: '有未保存的修改，保存后才能发布。',
  frozen: '座位图和条款已冻结，但开放座位没有完成。请再次点击“发布”。',
  fixed: '已发布：购票者已看到这些条款，除演出开始时间外不能再修改。',
  publish: '发布',
  publishTitle: '发布这个场次？',
  publishSays:
    '{venue} · {plan}，{seats} 座\n票价：{prices}\n开售：{opens}\n停售：{closes}\n\n' +
    '发布后座位图和条款不能再改，也不能撤回。大型场馆可能需要几十秒。',
  published: '已发布，购票者现在可以看到它',
  going: {
    DRAFT: '正在冻结座位图…',
    FROZEN: '正在开放座位…',
    PUBLISHED: '即将完成…',
  },
  fault: {
    missing: '请填写',
    window: '必须晚于开始时间',
    price: '请输入 0 到 1,000,000 的金额，最多两位小数',
  },
};

export default zh;
