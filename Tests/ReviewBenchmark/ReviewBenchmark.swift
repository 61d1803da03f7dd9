import Admission
import Foundation
import JSON

/// Measures what a review takes beside parsing it: `swift run -c release ReviewBenchmark FILE ...`.
///
/// Each recorded review is judged as it is, and once more with the annotations of this project taken out, as most objects are.
/// Both numbers are of the same rounds, one after the other.
@main struct ReviewBenchmark {
  private static let rounds = 20
  private static let repetitions = 2_000

  static func main() throws {
    print("review                                             bytes  parse ns  review ns  ratio")
    for file in CommandLine.arguments.dropFirst() {
      let url = URL(fileURLWithPath: file)
      let text = String(decoding: try Data(contentsOf: url), as: UTF8.self)
      let name = url.deletingPathExtension().lastPathComponent
      measure(name, text)
      measure("\(name), unrelated", text.replacing("ipam.spidernet.io/", with: "example.com/"))
    }
  }

  private static func measure(_ name: String, _ text: String) {
    let body = Array(text.utf8)
    let reviewer = Reviewer(directory: PoolDirectory())
    let phase: Phase = name.hasPrefix("mutate") ? .mutate : .validate
    var parser = JSONParser()
    var parsing: [Double] = []
    var reviewing: [Double] = []
    for _ in 0..<rounds {
      parsing.append(
        nanoseconds {
          var kinds = 0
          for _ in 0..<repetitions { kinds += (try? parser.parse(body) { $0.kind == .object ? 1 : 0 }) ?? 0 }
          precondition(kinds == repetitions, "the review is JSON")
        })
      reviewing.append(
        nanoseconds {
          for _ in 0..<repetitions {
            let outcome = reviewer.review(body, parser: &parser, phase: phase, now: 0)
            precondition(!outcome.body.isEmpty, "every review is answered")
          }
        })
    }
    let (parse, review) = (median(parsing), median(reviewing))
    let columns = [
      name.padding(toLength: 48, withPad: " ", startingAt: 0), pad("\(body.count)", 7),
      pad("\(Int(parse))", 9),
      pad("\(Int(review))", 10), pad(String(format: "%.2f", review / parse), 6),
    ]
    print(columns.joined(separator: " "))
  }

  private static func nanoseconds(_ body: () -> Void) -> Double {
    let time = ContinuousClock().measure(body)
    return time / .nanoseconds(repetitions)
  }

  private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

  private static func pad(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
  }
}
