"""The recorder holds the spans of the last flows, and not the flows."""

from pipeline import Flow, Recorder, Span


def span(flow: Flow, stage: str) -> Span:
    return Span(flow.id, stage, depth=0, attempt=1, began=0.0, ended=1.0)


def test_a_recording_grows_with_its_flow() -> None:
    recorder, flow = Recorder(), Flow(clock=lambda: 4.0)
    recorder.span(flow, span(flow, "inner"))
    recorder.span(flow, span(flow, "outer"))
    flow.note("outer", "done")
    recording = recorder.find(flow.id)
    assert recording is not None
    assert recording.began == 4.0
    assert [each.stage for each in recording.spans] == ["inner", "outer"]
    assert [note.text for note in recording.notes] == ["done"]


def test_the_oldest_flow_gives_way_when_the_recorder_is_full() -> None:
    recorder, flows = Recorder(limit=2), [Flow(), Flow(), Flow()]
    for flow in flows:
        recorder.span(flow, span(flow, "only"))
    assert [each.flow_id for each in recorder.recordings] == [flows[1].id, flows[2].id]
    assert recorder.find(flows[0].id) is None
