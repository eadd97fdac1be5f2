using Coppice.Adapters.Methods;
using Coppice.Tensors;

namespace Coppice.Adapters.Tests;

/// <summary>What a new adapter does to what its base computes.</summary>
internal enum AtFirst
{
    /// <summary>Nothing: the same bits.</summary>
    Nothing,

    /// <summary>What rounding does.</summary>
    Rounding,

    /// <summary>Something.</summary>
    Something,
}

/// <summary>A row of the matrix: a method, settings for models of a few hundred weights, and what it promises.</summary>
/// <param name="Settings">The settings.</param>
internal sealed record MethodRow(AdapterSettings Settings)
{
    public string Name => Settings.Method;

    public AtFirst AtFirst { get; init; }

    /// <summary>Its change is a multiple of a strength.</summary>
    public bool HasStrength { get; init; }

    /// <summary>Files hold it in another form, which computes the same up to rounding.</summary>
    public bool IsStoredOtherwise { get; init; }

    /// <summary>It goes with a base whose weights are quantised.</summary>
    public bool TakesQuantizedBase { get; init; } = true;

    /// <summary>What it calls a gradient is that of the loss: DoRA's holds a norm still.</summary>
    public bool HasTheGradientOfTheLoss { get; init; } = true;

    /// <summary>It chooses by examples what it trains.</summary>
    public bool ChoosesByExamples { get; init; }

    public IReadOnlyList<string> Architectures { get; init; } = MethodTable.Architectures;
}

/// <summary>Every method that <see cref="AdapterMethods"/> lists, but MixDA, which is made of adapters and not of settings (MixDaTests).</summary>
internal static class MethodTable
{
    public static IReadOnlyList<string> Architectures { get; } = ["gpt2", "llama", "bert"];

    public static IReadOnlyList<MethodRow> Rows { get; } =
    [
        new(Low("lora")) { HasStrength = true },
        new(Low("rslora")) { HasStrength = true },
        new(Low("dora")) { AtFirst = AtFirst.Rounding, HasTheGradientOfTheLoss = false },
        new(Low("pissa")) { AtFirst = AtFirst.Rounding, HasStrength = true, IsStoredOtherwise = true },
        new(Low("olora")) { AtFirst = AtFirst.Rounding, HasStrength = true, IsStoredOtherwise = true },
        new(Low("vera")) { HasStrength = true },
        new(Low("adalora") with { AdaLora = new AdaLoraSettings { TargetRank = 2 } }) { HasStrength = true, IsStoredOtherwise = true },
        new(Low("increlora") with { IncreLora = new IncreLoraSettings { TargetRank = 2, Reserve = 1, WarmUp = 2, Interval = 1 } }) { AtFirst = AtFirst.Rounding, HasStrength = true, IsStoredOtherwise = true },
        new(Low("svft")) { HasStrength = true },
        new(Low("kasa")) { AtFirst = AtFirst.Something, HasStrength = true, IsStoredOtherwise = true },
        new(Low("dsee") with { Dsee = new DseeSettings { Entries = 5 } }) { HasStrength = true },
        new(Low("said") with { Said = new SaidSettings { Dimension = 40 } }) { HasStrength = true },
        new(new() { Method = "ia3" }),
        new(new() { Method = "bitfit" }) { Architectures = ["gpt2", "bert"] },
        new(new() { Method = "layers", Layers = [1] }) { TakesQuantizedBase = false },
        new(Module("houlsby")),
        new(Module("pfeiffer")),
        new(Module("parallel")),
        new(Module("scaled-parallel")),
        new(new() { Method = "mixda-domain", Rank = 3 }),
        new(Prompt("prompt")) { AtFirst = AtFirst.Something },
        new(Prompt("p-tuning")) { AtFirst = AtFirst.Something },
        new(Prompt("prefix")) { AtFirst = AtFirst.Something },
        new(Prompt("sparc")) { AtFirst = AtFirst.Something },
        new(new() { Method = "full" }) { TakesQuantizedBase = false },
        new(new() { Method = "fish", Fish = new FishSettings { Share = 0.2 } }) { TakesQuantizedBase = false, ChoosesByExamples = true },
        new(new() { Method = "gmt" }) { TakesQuantizedBase = false },
        new(new() { Method = "neft", Neft = new NeftSettings { Share = 0.3 } }) { TakesQuantizedBase = false, ChoosesByExamples = true },
        new(new() { Method = "hift" }) { TakesQuantizedBase = false },
        new(new() { Method = "lst", Lst = new LstSettings { Reduction = 2 } }),
        new(new() { Method = "qst", Qst = new QstSettings { Reduction = 2, Bottleneck = 5 } }) { AtFirst = AtFirst.Something },
    ];

    public static MethodRow Of(string method) => Rows.Single(row => row.Name == method);

    /// <summary>Rows with the architectures that each goes with.</summary>
    public static TheoryData<string, string> Where(Func<MethodRow, bool> isMeant)
    {
        var data = new TheoryData<string, string>();
        foreach (var row in Rows.Where(isMeant))
        {
            foreach (var architecture in row.Architectures) data.Add(row.Name, architecture);
        }

        return data;
    }

    // Every projection but the one with fewer outputs than the rank.
    private static AdapterSettings Low(string method) => new()
    {
        Method = method, Rank = 3, Alpha = 5, Targets = TargetPattern.Matching(TargetPattern.AllLinear), Exclude = TargetPattern.Of("seq_relationship"),
    };

    // Smooth, so that differences of the loss tell its gradient.
    private static AdapterSettings Module(string method) => new() { Method = method, Rank = 3, Bottleneck = new() { Activation = PointwiseFunction.Tanh } };

    private static AdapterSettings Prompt(string method) => new() { Method = method, Prompt = new() { Tokens = 3, Dimensions = 4, EncoderWidth = method == "p-tuning" ? 5 : 0 } };
}
