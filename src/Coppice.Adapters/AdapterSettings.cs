namespace Coppice.Adapters;

/// <summary>Which biases of the base are trained beside an adapter.</summary>
public enum BiasTraining
{
    /// <summary>None.</summary>
    None,

    /// <summary>All of the model.</summary>
    All,

    /// <summary>Those of the adapter's targets.</summary>
    TargetsOnly,
}

/// <summary>What an adapter is: its method, its size and where it goes. Defaults are PEFT's.</summary>
public sealed record AdapterSettings
{
    /// <summary>The method's name: see <see cref="Methods.AdapterMethods"/>.</summary>
    public string Method { get; init; } = "lora";

    /// <summary>Rank of low-rank methods.</summary>
    public int Rank { get; init; } = 8;

    /// <summary>The scale of low-rank methods is this over the rank.</summary>
    public double Alpha { get; init; } = 8;

    /// <summary>Whether the scale is alpha over the root of the rank instead (rsLoRA).</summary>
    public bool RankStabilized { get; init; }

    /// <summary>Which projections are adapted; null for what is usual for the architecture.</summary>
    public TargetPattern? Targets { get; init; }

    /// <summary>Which are not, although they are targets; null for none.</summary>
    public TargetPattern? Exclude { get; init; }

    /// <summary>Numbers of the layers that are adapted; empty for all.</summary>
    public IReadOnlyList<int> Layers { get; init; } = [];

    /// <summary>The names behind which a path has the number of its layer; empty for the first number of the path.</summary>
    public IReadOnlyList<string> LayersPattern { get; init; } = [];

    /// <summary>Other ranks of some targets: expressions that match the end of a path; the first that does counts.</summary>
    public IReadOnlyList<KeyValuePair<string, int>> RankPattern { get; init; } = [];

    /// <summary>Other alphas of some targets, likewise.</summary>
    public IReadOnlyList<KeyValuePair<string, double>> AlphaPattern { get; init; } = [];

    /// <summary>Biases of the base that are trained too.</summary>
    public BiasTraining Bias { get; init; }

    /// <summary>Modules of the base that are trained whole: paths or their ends. For the method <c>layers</c>, what it trains.</summary>
    public IReadOnlyList<string> ModulesToSave { get; init; } = [];

    /// <summary>Of (IA)3: the targets whose input is scaled instead of their output; null for what is usual for the architecture.</summary>
    public TargetPattern? FeedForward { get; init; }

    /// <summary>Of VeRA: the first value of the vector in the middle.</summary>
    public double InitialD { get; init; } = 0.1;
}
