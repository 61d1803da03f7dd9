// HTTP/2 framing and HPACK by nghttp2 >= 1.52.0-1+deb12u3.
#pragma once
#include <nghttp2/nghttp2.h>
