/// What is read at most from annotations, far above what a Pod can use: whoever creates Pods writes them.
enum AnnotationLimits {
  /// The bytes of one annotation.
  static let bytes = 64 << 10
  /// The interfaces of a Pod.
  static let interfaces = 32
  /// The names of pools in one annotation, patterns included.
  static let names = 256
  /// The patterns in one annotation; each is compared with the names of all pools.
  static let patterns = 32
  /// The networks of Multus; each is compared with those of every pool that names some.
  static let networks = 64
  /// The routes.
  static let routes = 256
}
