using Coppice.Adapters.Methods;

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

    /// <summary>The share of a target's input that low-rank changes do not see in a step of training.</summary>
    public double Dropout { get; init; }

    /// <summary>Of AdaLoRA; null for its defaults.</summary>
    public AdaLoraSettings? AdaLora { get; init; }

    /// <summary>Of IncreLoRA; null for its defaults.</summary>
    public IncreLoraSettings? IncreLora { get; init; }

    /// <summary>Of SVFT; null for its defaults.</summary>
    public SvftSettings? Svft { get; init; }

    /// <summary>Of KaSA; null for its defaults.</summary>
    public KasaSettings? Kasa { get; init; }

    /// <summary>Of DSEE; null for its defaults.</summary>
    public DseeSettings? Dsee { get; init; }

    /// <summary>Of SAID; null for its defaults.</summary>
    public SaidSettings? Said { get; init; }

    /// <summary>Of adapters with a bottleneck; null for their defaults.</summary>
    public Methods.BottleneckSettings? Bottleneck { get; init; }

    /// <summary>Of MixDA: the domain adapters that are mixed.</summary>
    public Methods.MixtureSettings? Mixture { get; init; }

    /// <summary>Of prompts and prefixes; null for their defaults.</summary>
    public Methods.PromptSettings? Prompt { get; init; }

    /// <summary>How many times as fast as the first factor the second one learns; see <see cref="Methods.LoraPlus"/>. About training alone: not kept with an adapter.</summary>
    public double LoraPlusRatio { get; init; } = 1;

    /// <summary>Of VeRA: the first value of the vector in the middle.</summary>
    public double InitialD { get; init; } = 0.1;

    /// <summary>
    /// Of a decoder whose task reads a text: a bit for each group of layers, from the first to the last, whether its attention sees a document in both directions; the
    /// layers are divided evenly among the groups (the paper has 4). Empty for none. See <see cref="Adapters.BidirectionalLayers"/>.
    /// </summary>
    public IReadOnlyList<bool> BidirectionalGroups { get; init; } = [];

    /// <summary>Of the method <c>fish</c>; null for what is usual.</summary>
    public Methods.FishSettings? Fish { get; init; }

    /// <summary>Of the method <c>gmt</c>; null for what is usual.</summary>
    public Methods.GmtSettings? Gmt { get; init; }

    /// <summary>Of the method <c>neft</c>; null for what is usual.</summary>
    public Methods.NeftSettings? Neft { get; init; }

    /// <summary>Of the method <c>hift</c>; null for what is usual.</summary>
    public Methods.HiftSettings? Hift { get; init; }

    /// <summary>Of the method <c>lst</c>; null for what is usual.</summary>
    public Methods.LstSettings? Lst { get; init; }

    /// <summary>Of the method <c>qst</c>; null for what is usual.</summary>
    public Methods.QstSettings? Qst { get; init; }
}
