//! The two "UnionPay-like" tables, from public implementations. Conformity is not claimed.

use super::Class::{Alphanumeric, Binary, Numeric, Private, Text, Track};
use super::Length::{Fixed, Ll, Lll};
use super::{Coding, Dialect, ElementSpec, Framing};

const fn element(
    number: u8,
    class: super::Class,
    length: super::Length,
    name: &'static str,
    chinese: &'static str,
) -> ElementSpec {
    ElementSpec::new(number, class, length, name, chinese)
}

/// The terminal line: packed digits, elements 2 to 64, 2-byte frame length, TPDU and header.
///
/// Agreed by two published terminal applications, one acquirer-side client and some 25 published
/// dumps. Elements that none of them uses are unknown here.
pub static POS: Dialect =
    Dialect::new("unionpay-like-pos", Framing::PosLine, Coding::Bcd, false, POS_ELEMENTS);

/// The acquirer to centre to issuer line: ASCII digits, elements 2 to 128, 4-digit frame length.
///
/// Encodings agree with published test messages; usage is second-hand.
pub static NETWORK: Dialect = Dialect::new(
    "unionpay-like-network",
    Framing::NetworkLine,
    Coding::Ascii,
    true,
    NETWORK_ELEMENTS,
);

const POS_ELEMENTS: &[ElementSpec] = &[
    element(2, Numeric, Ll(19), "PAN", "主账号"),
    element(3, Numeric, Fixed(6), "processing code", "交易处理码"),
    element(4, Numeric, Fixed(12), "amount", "交易金额"),
    element(11, Numeric, Fixed(6), "STAN", "受卡方系统跟踪号"),
    element(12, Numeric, Fixed(6), "local time", "受卡方所在地时间"),
    element(13, Numeric, Fixed(4), "local date", "受卡方所在地日期"),
    element(14, Numeric, Fixed(4), "expiry", "卡有效期"),
    element(15, Numeric, Fixed(4), "settlement date", "清算日期"),
    element(22, Numeric, Fixed(3), "entry mode", "服务点输入方式码"),
    // The one right-aligned element: published tests of 22 and 23 assert opposite alignments.
    element(23, Numeric, Fixed(3), "card sequence", "卡序列号").leading(),
    element(25, Numeric, Fixed(2), "condition code", "服务点条件码"),
    element(26, Numeric, Fixed(2), "PIN capture code", "服务点PIN获取码"),
    element(32, Numeric, Ll(11), "acquirer", "受理方标识码"),
    element(35, Track, Ll(37), "track 2", "二磁道数据"),
    element(36, Track, Lll(104), "track 3", "三磁道数据"),
    element(37, Alphanumeric, Fixed(12), "RRN", "检索参考号"),
    element(38, Alphanumeric, Fixed(6), "authorization code", "授权标识应答码"),
    element(39, Alphanumeric, Fixed(2), "response code", "应答码"),
    element(41, Text, Fixed(8), "terminal", "受卡机终端标识码"),
    element(42, Text, Fixed(15), "merchant", "受卡方标识码"),
    element(44, Text, Ll(25), "additional response", "附加响应数据"),
    element(48, Numeric, Lll(322), "private data", "附加数据-私有"),
    element(49, Alphanumeric, Fixed(3), "currency", "交易货币代码"),
    element(52, Binary, Fixed(8), "PIN block", "个人标识码数据"),
    element(53, Numeric, Fixed(16), "security control", "安全控制信息"),
    element(54, Alphanumeric, Lll(20), "additional amounts", "附加金额"),
    // Some acquirers allow 512; the network line carries 255 in any case.
    element(55, Binary, Lll(255), "ICC data", "IC卡数据域"),
    element(58, Private, Lll(100), "e-wallet data", "PBOC电子钱包标准的交易信息"),
    element(59, Text, Lll(600), "private 59", "自定义域"),
    element(60, Numeric, Lll(17), "type, batch, network code", "自定义域"),
    element(61, Numeric, Lll(29), "original data", "原始信息域"),
    element(62, Binary, Lll(512), "keys, parameters", "自定义域"),
    element(63, Text, Lll(163), "operator, organisation", "自定义域"),
    element(64, Binary, Fixed(8), "MAC", "报文鉴别码"),
];

const NETWORK_ELEMENTS: &[ElementSpec] = &[
    element(2, Numeric, Ll(19), "PAN", "主账号"),
    element(3, Numeric, Fixed(6), "processing code", "交易处理码"),
    element(4, Numeric, Fixed(12), "amount", "交易金额"),
    element(5, Numeric, Fixed(12), "settlement amount", "清算金额"),
    element(6, Numeric, Fixed(12), "cardholder amount", "持卡人扣账金额"),
    element(7, Numeric, Fixed(10), "transmission time", "交易传输时间"),
    element(9, Numeric, Fixed(8), "settlement rate", "清算汇率"),
    element(10, Numeric, Fixed(8), "cardholder rate", "持卡人扣账汇率"),
    element(11, Numeric, Fixed(6), "STAN", "系统跟踪号"),
    element(12, Numeric, Fixed(6), "local time", "受卡方所在地时间"),
    element(13, Numeric, Fixed(4), "local date", "受卡方所在地日期"),
    element(14, Numeric, Fixed(4), "expiry", "卡有效期"),
    element(15, Numeric, Fixed(4), "settlement date", "清算日期"),
    element(16, Numeric, Fixed(4), "conversion date", "兑换日期"),
    element(18, Numeric, Fixed(4), "merchant type", "商户类型"),
    element(19, Numeric, Fixed(3), "acquirer country", "商户国家代码"),
    element(22, Numeric, Fixed(3), "entry mode", "服务点输入方式码"),
    element(23, Numeric, Fixed(3), "card sequence", "卡序列号"),
    element(25, Numeric, Fixed(2), "condition code", "服务点条件码"),
    element(26, Numeric, Fixed(2), "PIN capture code", "服务点PIN获取码"),
    element(28, Alphanumeric, Fixed(9), "fee", "交易费"),
    element(32, Numeric, Ll(11), "acquirer", "代理机构标识码"),
    element(33, Numeric, Ll(11), "forwarder", "发送机构标识码"),
    element(35, Track, Ll(37), "track 2", "第二磁道数据"),
    element(36, Track, Lll(104), "track 3", "第三磁道数据"),
    element(37, Alphanumeric, Fixed(12), "RRN", "检索参考号"),
    element(38, Alphanumeric, Fixed(6), "authorization code", "授权标识应答码"),
    element(39, Alphanumeric, Fixed(2), "response code", "应答码"),
    element(41, Text, Fixed(8), "terminal", "受卡机终端标识码"),
    element(42, Text, Fixed(15), "merchant", "受卡方标识码"),
    element(43, Text, Fixed(40), "merchant name", "受卡方名称地址"),
    element(44, Text, Ll(25), "additional response", "附加响应数据"),
    element(45, Text, Ll(76), "track 1", "第一磁道数据"),
    // Tag NK carries keys, so any byte may occur.
    element(48, Private, Lll(512), "private data", "附加数据-私有"),
    element(49, Alphanumeric, Fixed(3), "currency", "交易货币代码"),
    element(50, Alphanumeric, Fixed(3), "settlement currency", "清算货币代码"),
    element(51, Alphanumeric, Fixed(3), "cardholder currency", "持卡人账户货币代码"),
    element(52, Binary, Fixed(8), "PIN block", "个人标识码数据"),
    element(53, Numeric, Fixed(16), "security control", "安全控制信息"),
    element(54, Alphanumeric, Lll(40), "additional amounts", "附加金额"),
    element(55, Binary, Lll(255), "ICC data", "IC卡数据域"),
    // The maxima of 56, 57, 104, 113, 116, 117, 122, 123, 125 and 126 are not confirmed.
    element(56, Text, Lll(512), "additional information", "附加信息"),
    element(57, Text, Lll(512), "additional transaction data", "附加交易信息"),
    element(59, Text, Lll(600), "detail inquiry", "明细查询数据"),
    element(60, Text, Lll(100), "reason, terminal flags", "自定义域"),
    element(61, Text, Lll(200), "identification", "持卡人身份认证信息"),
    element(62, Text, Lll(512), "centre data", "交换中心数据"),
    element(63, Text, Lll(512), "institution data", "金融网络数据"),
    element(70, Numeric, Fixed(3), "network code", "网络管理信息码"),
    element(90, Numeric, Fixed(42), "original data", "原始数据元"),
    element(96, Binary, Fixed(8), "message security", "报文安全码"),
    element(100, Numeric, Ll(11), "receiver", "接收机构标识码"),
    element(102, Text, Ll(28), "account 1", "账户标识1"),
    element(103, Text, Ll(28), "account 2", "账户标识2"),
    element(104, Text, Lll(512), "private 104", "自定义域"),
    element(113, Text, Lll(512), "private 113", "自定义域"),
    element(116, Text, Lll(512), "private 116", "自定义域"),
    element(117, Text, Lll(512), "private 117", "自定义域"),
    element(121, Text, Lll(100), "centre reserved", "交换中心保留"),
    element(122, Text, Lll(512), "private 122", "自定义域"),
    element(123, Text, Lll(512), "private 123", "自定义域"),
    element(125, Text, Lll(512), "private 125", "自定义域"),
    element(126, Text, Lll(512), "private 126", "自定义域"),
    element(128, Binary, Fixed(8), "MAC", "报文鉴别码"),
];
