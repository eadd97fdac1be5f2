using Coppice.Continual.Gates;
using Coppice.Continual.Lineage;
using Coppice.Continual.Reports;
using Coppice.Continual.Tests.Updates;
using Coppice.Continual.Updates;
using Coppice.Models;
using Coppice.Training.Metrics;
using Xunit;

namespace Coppice.Continual.Tests.Reports;

[Collection(UpdateCollection.Name)]
public sealed class UpdateReportTests(UpdateWorld world)
{
    [Fact]
    public void The_page_of_an_update_shows_verdict_sources_curves_versions_samples_and_recipe()
    {
        _ = world.First;
        var page = File.ReadAllText(world.At("first/report.html"));
        foreach (var expected in new[]
        {
            "Accepted: the updated model is released.", "Update of base with new", "new (new)", "forgetting of old", "gain on new", "Change of bits per byte, percent", "<svg", "version 1",
            "color-mix(in srgb, var(--c2) 55%", "the same prompts, before and after", "training again on everything", "learning_rate: 0.005",
        })
        {
            Assert.Contains(expected, page, StringComparison.OrdinalIgnoreCase);
        }

        Assert.Contains(FormattableString.Invariant($"{world.First.Sources[1].BitsPerByteAfter:0.0000}</td>"), page, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Whatever_text_says_stays_text()
    {
        const string Evil = "<script>alert('&\"')</script>";
        var source = new SourceOutcome { Name = Evil, New = false, BitsPerByteBefore = 1, BitsPerByteAfter = 2, BitsPerByteWorst = 2, ChangePercent = 100, Low = 90, High = 110, BestAncestorBitsPerByte = 1 };
        var provenance = new Provenance
        {
            Software = Evil, Recipe = Evil, Tokenizer = Evil, Metrics = new Dictionary<string, double>(),
            Sources = [new ProvenanceSource(Evil, [Evil], Evil, 1, 1, 1) { HeldOut = Evil, HeldOutBitsPerByte = 2 }],
        };
        var page = new UpdateReport
        {
            Title = Evil, Recipe = Evil, Samples = [new SamplePair(Evil, Evil, Evil)], Probes = [(Evil, Evil)], Cost = new UpdateCost(1, 1, 1, 1, 1),
            Result = new UpdateResult { Accepted = false, Model = Evil, Steps = 1, Tokens = 1, Seconds = 1, Sources = [source], Verdict = new GateVerdict([new GateBar(Evil, 1, 0, true, Evil)], [Evil]) },
            Events = [new EvaluationMetrics { Step = 0, Tokens = 0, Source = Evil, Loss = 1, BitsPerByte = 1, EvaluatedTokens = 1 }, new EvaluationMetrics { Step = 1, Tokens = 9, Source = Evil, Loss = 1, BitsPerByte = 2, EvaluatedTokens = 1 }],
            Chain = [new Ancestor(Evil, "short", provenance, AncestorState.Changed)],
        }.ToHtml();
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;", page, StringComparison.Ordinal);
        Assert.Contains("Refused: the parent stays the released model.", page, StringComparison.Ordinal);
        Assert.Contains(", changed", page, StringComparison.Ordinal);
    }
}
