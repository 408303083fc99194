//! What decoders are told: whose memory their frames come in, and how many threads they get.

use gstreamer as gst;
use gstreamer::prelude::*;
use gstreamer_app::AppSink;
use gstreamer_video as gst_video;

/// Up to so many cores, a decoder gets one thread: the encoder and the networks keep the others
/// busy, and each thread more has frames of its own under way.
const FEW: usize = 2;

/// Tells whoever decodes that `sink` takes frames whose lines are padded: where the size allows it
/// hands on its own memory then, and would copy every frame otherwise.
pub(super) fn take_padded(sink: &AppSink) {
    let Some(pad) = sink.static_pad("sink") else { return };
    pad.add_probe(gst::PadProbeType::QUERY_DOWNSTREAM, |_, info| {
        let query = info.query_mut().map(gst::QueryRef::view_mut);
        let Some(gst::QueryViewMut::Allocation(query)) = query else {
            return gst::PadProbeReturn::Ok;
        };
        query.add_allocation_meta::<gst_video::VideoMeta>(None);
        gst::PadProbeReturn::Handled
    });
}

/// Watches for decoders in `bin` that would take all cores where these are few.
pub(super) fn spare_threads(bin: &gst::Bin) {
    if std::thread::available_parallelism().is_ok_and(|cores| cores.get() > FEW) {
        return;
    }
    bin.connect_deep_element_added(|_, _, element| {
        let decodes = element
            .factory()
            .is_some_and(|factory| factory.has_type(gst::ElementFactoryType::DECODER));
        if decodes && element.has_property_with_type("max-threads", i32::static_type()) {
            element.set_property("max-threads", 1);
        }
    });
}
