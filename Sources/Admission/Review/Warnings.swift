import KubernetesAPI

/// The API server's limits for warnings: one longer than 256 characters is cut by it, and beyond 4,096 in all they are
/// dropped. So we cut and drop ourselves, and say so.
enum Warnings {
  /// The longest warning, in bytes.
  static let maximumLength = 256
  /// The longest sum, in bytes.
  static let maximumTotal = 4096

  /// The warnings that can be sent, without control characters.
  static func fitted(_ warnings: [String]) -> [String] {
    var fitted: [String] = []
    var total = 0
    for (position, warning) in warnings.enumerated() {
      let text = GoText.shortened(GoText.withoutControls(warning), to: maximumLength)
      let rest = "\(warnings.count - position) more warnings are not shown"
      if total + text.utf8.count + (position + 1 < warnings.count ? rest.utf8.count : 0) > maximumTotal {
        fitted.append(rest)
        break
      }
      total += text.utf8.count
      fitted.append(text)
    }
    return fitted
  }
}
