import Cluster
import Testing

@Suite struct `A time in an object` {
  @Test(arguments: [
    (0, "1970-01-01T00:00:00Z"), (951_782_400, "2000-02-29T00:00:00Z"),
    (1_767_323_045, "2026-01-02T03:04:05Z"), (4_107_542_399, "2100-02-28T23:59:59Z"),
    (4_107_542_400, "2100-03-01T00:00:00Z"), (-1, "1969-12-31T23:59:59Z"),
  ])
  func `is written in seconds`(_ seconds: Int64, _ text: String) {
    #expect(ObjectTime.text(seconds: seconds) == text)
  }

  @Test(arguments: [
    (0, "1970-01-01T00:00:00.000000Z"), (1_767_323_045_678_901, "2026-01-02T03:04:05.678901Z"),
    (1_767_323_045_000_042, "2026-01-02T03:04:05.000042Z"), (-1, "1969-12-31T23:59:59.999999Z"),
  ])
  func `is written in microseconds, with six digits always`(_ microseconds: Int64, _ text: String) {
    #expect(ObjectTime.text(microseconds: microseconds) == text)
  }
}
