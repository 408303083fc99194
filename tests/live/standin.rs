//! A camera that a test plugs in and out: a device provider of this process.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use gstreamer as gst;
use gstreamer::glib;
use gstreamer::prelude::*;

/// Whether the camera is there.
static PLUGGED: AtomicBool = AtomicBool::new(false);
/// What it is used through.
static IN_USE: Mutex<Option<glib::WeakRef<gst::Element>>> = Mutex::new(None);

/// Makes the camera known to this process, and plugs it in.
pub fn plug_in() {
    let rank = gst::Rank::PRIMARY;
    gst::DeviceProvider::register(None, "standin", rank, Provider::static_type()).unwrap();
    PLUGGED.store(true, Ordering::Relaxed);
}

/// Plugs it in again.
pub fn plug_in_again() {
    PLUGGED.store(true, Ordering::Relaxed);
}

/// Pulls the plug: whoever uses it hears an error, as of a device that is gone.
pub fn pull_out() {
    PLUGGED.store(false, Ordering::Relaxed);
    let used = IN_USE.lock().unwrap().take().and_then(|weak| weak.upgrade());
    if let Some(element) = used {
        gst::element_error!(element, gst::ResourceError::NotFound, ("the device is gone"));
    }
}

glib::wrapper! {
    pub struct Provider(ObjectSubclass<provider::Provider>)
        @extends gst::DeviceProvider, gst::Object;
}

glib::wrapper! {
    pub struct Device(ObjectSubclass<device::Device>) @extends gst::Device, gst::Object;
}

mod provider {
    use std::sync::LazyLock;

    use super::{PLUGGED, glib, gst};
    use gst::prelude::*;
    use gst::subclass::prelude::*;
    use std::sync::atomic::Ordering;

    const CAMERA: &str = "video/x-raw,format=I420,width=320,height=240,framerate=30/1; \
        video/x-raw,format=I420,width=160,height=120,framerate=30/1";
    /// Raw pictures of this size and rate would not fit through USB.
    const WEBCAM: &str = "video/x-raw,format=YUY2,width=1280,height=720,framerate=30/1; \
        image/jpeg,width=1280,height=720,framerate={30/1,15/1}";

    #[derive(Default)]
    pub struct Provider;

    #[glib::object_subclass]
    impl ObjectSubclass for Provider {
        const NAME: &'static str = "StandInProvider";
        type Type = super::Provider;
        type ParentType = gst::DeviceProvider;
    }

    impl ObjectImpl for Provider {}
    impl GstObjectImpl for Provider {}

    impl DeviceProviderImpl for Provider {
        fn metadata() -> Option<&'static gst::subclass::DeviceProviderMetadata> {
            static METADATA: LazyLock<gst::subclass::DeviceProviderMetadata> =
                LazyLock::new(|| {
                    gst::subclass::DeviceProviderMetadata::new(
                        "Stand-in",
                        "Source/Video",
                        "A camera of the tests",
                        "mask2face",
                    )
                });
            Some(&METADATA)
        }

        fn probe(&self) -> Vec<gst::Device> {
            if !PLUGGED.load(Ordering::Relaxed) {
                return Vec::new();
            }
            let device = |name: &str, caps: &str| -> gst::Device {
                let device: super::Device = glib::Object::builder()
                    .property("display-name", name)
                    .property("device-class", "Video/Source")
                    .property("caps", caps.parse::<gst::Caps>().unwrap())
                    .build();
                device.upcast()
            };
            vec![device("Stand-in Camera", CAMERA), device("Stand-in Webcam", WEBCAM)]
        }
    }
}

mod device {
    use super::{IN_USE, glib, gst};
    use gst::prelude::*;
    use gst::subclass::prelude::*;

    #[derive(Default)]
    pub struct Device;

    #[glib::object_subclass]
    impl ObjectSubclass for Device {
        const NAME: &'static str = "StandInDevice";
        type Type = super::Device;
        type ParentType = gst::Device;
    }

    impl ObjectImpl for Device {}
    impl GstObjectImpl for Device {}

    impl DeviceImpl for Device {
        fn create_element(&self, name: Option<&str>) -> Result<gst::Element, gst::LoggableError> {
            // The webcam's raw pictures are only promised, so that nobody can take them.
            let text = match &*self.obj().display_name() {
                "Stand-in Webcam" => "videotestsrc is-live=true ! jpegenc",
                _ => "videotestsrc is-live=true",
            };
            let element =
                gst::parse::bin_from_description_with_name(text, true, name.unwrap_or_default());
            let element: gst::Element = element.unwrap().upcast();
            *IN_USE.lock().unwrap() = Some(element.downgrade());
            Ok(element)
        }
    }
}
