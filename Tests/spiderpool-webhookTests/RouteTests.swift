import Admission
import Testing

@testable import spiderpool_webhook

@Suite struct RouteTests {
  @Test(arguments: [
    ("/mutate", Route.review(.mutate)), ("/validate", .review(.validate)),
    ("/mutate-spiderpool-spidernet-io-v2beta1-spiderippool", .review(.mutate)),
    ("/validate-spiderpool-spidernet-io-v2beta1-spidersubnet", .review(.validate)),
    ("/mutate--v1-pod", .review(.mutate)), ("/webhook-health-check", .health),
    ("/", .unknown), ("/mutate/", .unknown), ("/Mutate", .unknown), ("/mutatex", .unknown),
  ])
  func `knows our paths and Spiderpool's`(path: String, route: Route) {
    #expect(Route(path: path) == route)
  }

  @Test(arguments: [
    ("timeout=10s", Duration.seconds(10)), ("timeout=1m30s", .seconds(90)),
    ("timeout=500ms", .milliseconds(500)),
    ("a=b&timeout=2.5s", .milliseconds(2500)), ("", .seconds(10)), ("timeout=", .seconds(10)),
    ("timeout=5", .seconds(10)), ("timeout=-1s", .seconds(10)), ("timeout=0s", .seconds(10)),
    ("timeout=999999999h", .seconds(10)), ("timeout=1s1", .seconds(10)),
  ])
  func `reads the time a review has, and falls back to the API server's default`(
    query: String, time: Duration
  ) {
    #expect(ReviewTimeout.parse(query: query) == time)
  }

  @Test(arguments: [
    ("30s", "30s"), ("500ms", "500ms"), ("2m", "120s"), ("1h", "3600s"), ("1000ms", "1s"),
  ])
  func `reads lengths of time from the command line`(text: String, description: String) {
    #expect(DurationArgument(argument: text)?.description == description)
  }

  @Test(arguments: ["", "5", "s", "-5s", "5d", "5 s", "99999999999s"])
  func `refuses what is no length of time`(text: String) {
    #expect(DurationArgument(argument: text) == nil)
  }
}
