using System.ComponentModel.DataAnnotations;
using System.Reflection;
using Coppice.Training.Recipes;

namespace Coppice.Adapters;

/// <summary>
/// The method, and how large and where its adapter is. A method's own settings are a section with the name of a property of <see cref="AdapterSettings"/>.
/// </summary>
public sealed record AdapterSection
{
    /// <summary>The method of <see cref="AdapterSection.Method"/> that trains the model itself.</summary>
    public const string Full = "full";

    /// <summary>The method: <c>full</c> trains all of the model; others are those of <see cref="Methods.AdapterMethods"/>.</summary>
    public string Method { get; init; } = "lora";

    /// <summary>The rank of low-rank methods.</summary>
    [Range(1, 1_000_000)]
    public int Rank { get; init; } = 8;

    /// <summary>The scale of low-rank methods is this over the rank; 0 for as much as the rank, a scale of 1.</summary>
    [Range(0.0, 1e9)]
    public double Alpha { get; init; }

    /// <summary>Whether the scale is alpha over the root of the rank instead (rsLoRA).</summary>
    public bool RankStabilized { get; init; }

    /// <summary>Names of the projections that are adapted, or <c>all-linear</c> alone; an empty list for what is usual for the architecture.</summary>
    public ValueList<string> Targets { get; init; } = [];

    /// <summary>Names of projections that are not adapted although they are targets.</summary>
    public ValueList<string> Exclude { get; init; } = [];

    /// <summary>Numbers of the layers that are adapted, or trained by <c>layers</c>; an empty list for all.</summary>
    public ValueList<int> Layers { get; init; } = [];

    /// <summary>Modules of the model that are trained whole besides.</summary>
    public ValueList<string> ModulesToSave { get; init; } = [];

    /// <summary>Biases of the model that are trained besides.</summary>
    public BiasTraining Bias { get; init; }

    /// <summary>vera: the first value of the vector in the middle.</summary>
    [Range(0.0, 1e6, MinimumIsExclusive = true)]
    public double InitialD { get; init; } = 0.1;

    /// <summary>The share of a target's input that low-rank changes do not see in a step of training.</summary>
    [Range(0.0, 1.0, MaximumIsExclusive = true)]
    public double Dropout { get; init; }

    /// <summary>Of a decoder whose task reads a text: whether the layers of a group, from the first to the last, see a document in both directions. The layers are divided evenly.</summary>
    public ValueList<bool> BidirectionalGroups { get; init; } = [];

    /// <summary>adalora: its own settings.</summary>
    public Methods.AdaLoraSettings? AdaLora { get; init; }

    /// <summary>increlora: its own settings.</summary>
    public Methods.IncreLoraSettings? IncreLora { get; init; }

    /// <summary>svft: its own settings.</summary>
    public Methods.SvftSettings? Svft { get; init; }

    /// <summary>kasa: its own settings.</summary>
    public Methods.KasaSettings? Kasa { get; init; }

    /// <summary>dsee: its own settings.</summary>
    public Methods.DseeSettings? Dsee { get; init; }

    /// <summary>said: its own settings.</summary>
    public Methods.SaidSettings? Said { get; init; }

    /// <summary>Adapters with a bottleneck: their own settings.</summary>
    public Methods.BottleneckSettings? Bottleneck { get; init; }

    /// <summary>mixda: its own settings.</summary>
    public Methods.MixtureSettings? Mixture { get; init; }

    /// <summary>Prompts and prefixes: their own settings.</summary>
    public Methods.PromptSettings? Prompt { get; init; }

    /// <summary>fish: its own settings.</summary>
    public Methods.FishSettings? Fish { get; init; }

    /// <summary>gmt: its own settings.</summary>
    public Methods.GmtSettings? Gmt { get; init; }

    /// <summary>neft: its own settings.</summary>
    public Methods.NeftSettings? Neft { get; init; }

    /// <summary>hift: its own settings.</summary>
    public Methods.HiftSettings? Hift { get; init; }

    /// <summary>lst: its own settings.</summary>
    public Methods.LstSettings? Lst { get; init; }

    /// <summary>qst: its own settings.</summary>
    public Methods.QstSettings? Qst { get; init; }

    /// <summary>How many times as fast as the first factor the second one learns (LoRA+, whose authors advise about 16); 1 for alike.</summary>
    [Range(1.0, 1e6)]
    public double LoraPlusRatio { get; init; } = 1;

    /// <summary>Whether all of the model is trained.</summary>
    public bool IsFull => Method == Full;

    /// <summary>The section as the settings of an adapter. What both have under the same name and type is the same in both.</summary>
    public AdapterSettings ToSettings()
    {
        var settings = new AdapterSettings
        {
            Alpha = Alpha > 0 ? Alpha : Rank,
            Targets = Pattern(Targets),
            Exclude = Pattern(Exclude),
            Layers = Layers,
            ModulesToSave = ModulesToSave,
            BidirectionalGroups = BidirectionalGroups,
        };
        foreach (var own in RecipeSections.Keys(typeof(AdapterSection)))
        {
            if (own.Name != nameof(Alpha) && typeof(AdapterSettings).GetProperty(own.Name) is { } same && same.PropertyType == own.PropertyType) same.SetValue(settings, own.GetValue(this));
        }

        return settings;
    }

    private static TargetPattern? Pattern(ValueList<string> names) => names switch
    {
        { Count: 0 } => null,
        [TargetPattern.AllLinear] => TargetPattern.Matching(TargetPattern.AllLinear),
        _ => TargetPattern.Of(names),
    };
}

/// <summary>Sections of recipes as properties.</summary>
internal static class RecipeSections
{
    /// <summary>The properties that a recipe sets.</summary>
    public static IEnumerable<PropertyInfo> Keys(Type section) => section.GetProperties().Where(property => property.SetMethod is { IsPublic: true });

    /// <summary>The properties of a section that have another value than by default.</summary>
    public static IEnumerable<string> Changed<T>(T section)
        where T : class, new()
    {
        var byDefault = new T();
        return Keys(typeof(T)).Where(property => !Equals(property.GetValue(section), property.GetValue(byDefault))).Select(property => property.Name);
    }

    /// <summary>The name of a property in recipes.</summary>
    public static string KeyOf(string property) => System.Text.Json.JsonNamingPolicy.SnakeCaseLower.ConvertName(property);
}
