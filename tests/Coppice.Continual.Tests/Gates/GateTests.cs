using Coppice.Continual.Gates;
using Coppice.Continual.Recipes;
using Coppice.Continual.Updates;
using Coppice.Evaluation;
using Coppice.Foundation;
using Xunit;

namespace Coppice.Continual.Tests.Gates;

public sealed class GateTests
{
    [Fact]
    public void A_loss_above_the_bar_is_refused_with_advice_and_one_at_it_is_not()
    {
        var gate = new Gate(new GateSection { MaxForgetting = 0.02 });
        Assert.True(gate.Judge([Old(1, 1.02 - 1e-9)]).Accepted);
        var refused = gate.Judge([Old(1, 1.021), Added(2, 1)]);
        Assert.False(refused.Accepted);
        var broken = Assert.Single(refused.Bars, bar => bar.Broken);
        Assert.Equal("forgetting of old", broken.Name);
        Assert.Equal(0.021, broken.Value, 1e-9);
        Assert.Equal("bits per byte 1.0000 to 1.0210, +2.10 %; at most 2 % is allowed", broken.Explanation);
        Assert.Contains(refused.Advice, line => line.Contains("--share 0.5", StringComparison.Ordinal));
    }

    [Fact]
    public void Ten_small_losses_add_up_against_the_best_ancestor()
    {
        var gate = new Gate(new GateSection { MaxForgetting = 0.02, MaxForgettingOverall = 0.05 });
        var bits = 1.0;
        var accepted = 0;
        for (var update = 0; update < 10; update++, accepted++)
        {
            var verdict = gate.Judge([Old(bits, bits * 1.019) with { BestAncestorBitsPerByte = 1.0 }]);
            if (!verdict.Accepted)
            {
                Assert.Equal("forgetting of old since the best version", Assert.Single(verdict.Bars, bar => bar.Broken).Name);
                break;
            }

            bits *= 1.019;
        }

        Assert.Equal(2, accepted);
    }

    [Theory]
    [InlineData(0.02, 1.05)]
    [InlineData(0.04, 1.10)]
    public void The_bar_over_a_chain_goes_with_that_of_one_update(double one, double overall)
    {
        var gate = new Gate(new GateSection { MaxForgetting = one });
        Assert.True(gate.Judge([Old(1.09, overall - 1e-9) with { BestAncestorBitsPerByte = 1 }]).Accepted);
        Assert.False(gate.Judge([Old(1.09, overall + 1e-6) with { BestAncestorBitsPerByte = 1 }]).Accepted);
    }

    [Fact]
    public void The_best_ancestor_is_no_bar_of_its_own_where_the_parent_is_the_best()
    {
        var bars = new Gate(new GateSection()).Judge([Old(1, 1.01) with { BestAncestorBitsPerByte = 1 }]).Bars;
        Assert.Equal("forgetting of old", Assert.Single(bars).Name);
    }

    [Theory]
    [InlineData(0, 2, 2.0, true)]
    [InlineData(0, 2, 2.001, false)]
    [InlineData(0.1, 2, 1.81, false)]
    [InlineData(0.1, 2, 1.79, true)]
    public void The_new_text_must_gain(double least, double before, double after, bool accepted)
    {
        var verdict = new Gate(new GateSection { MinGain = least }).Judge([Added(before, after)]);
        Assert.Equal(accepted, verdict.Accepted);
        Assert.Equal(accepted, verdict.Advice.Count == 0);
    }

    [Fact]
    public void What_is_no_number_passes_no_bar()
    {
        var gate = new Gate(new GateSection { MaxForgetting = 1e6 });
        Assert.False(gate.Judge([Added(1, double.NaN)]).Accepted);
        Assert.False(gate.Judge([Old(1, double.NaN)]).Accepted);
        Assert.False(gate.Judge([Old(1, double.PositiveInfinity)]).Accepted);
    }

    [Fact]
    public void Flips_and_lost_facts_are_bars()
    {
        var gate = new Gate(new GateSection { MaxNegativeFlips = 0.1, MaxFactsLost = 0.2 });
        Assert.True(gate.Judge([], new Flips(20, 15, 15, 2, 2, 0), 0.2).Accepted);
        var verdict = gate.Judge([], new Flips(20, 15, 14, 3, 2, 0), 0.25);
        Assert.Equal(["negative flips", "facts lost"], verdict.Bars.Where(bar => bar.Broken).Select(bar => bar.Name));
        Assert.Contains("3 of 20 pairs", verdict.Bars[0].Explanation, StringComparison.Ordinal);
        Assert.Contains(verdict.Advice, line => line.Contains("kl_on_new", StringComparison.Ordinal));
    }

    [Fact]
    public void A_bar_for_what_is_not_measured_is_refused()
    {
        var flips = Assert.Throws<CoppiceException>(() => new Gate(new GateSection { MaxNegativeFlips = 0.03 }).RequireMeasured(new UpdateEvaluationSection()));
        Assert.Equal(ExitCode.Usage, flips.ExitCode);
        Assert.Contains("--pairs FILE", flips.Message, StringComparison.Ordinal);
        Assert.Contains("--facts FILE", Assert.Throws<CoppiceException>(() => new Gate(new GateSection { MaxFactsLost = 0 }).RequireMeasured(new UpdateEvaluationSection())).Message, StringComparison.Ordinal);
        new Gate(new GateSection { MaxNegativeFlips = 0.03 }).RequireMeasured(new UpdateEvaluationSection { Pairs = "pairs.jsonl" });
    }

    private static SourceOutcome Old(double before, double after) => Source("old", isNew: false, before, after);

    private static SourceOutcome Added(double before, double after) => Source("new", isNew: true, before, after);

    private static SourceOutcome Source(string name, bool isNew, double before, double after) => new()
    {
        Name = name, New = isNew, BitsPerByteBefore = before, BitsPerByteAfter = after, BitsPerByteWorst = after, ChangePercent = 100 * (after / before - 1), Low = null, High = null, BestAncestorBitsPerByte = null,
    };
}
