using Coppice.Adapters.Masks;
using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>The order in which groups take turns.</summary>
public enum GroupOrder
{
    /// <summary>From the embeddings to the head.</summary>
    BottomUp,

    /// <summary>From the head to the embeddings.</summary>
    TopDown,

    /// <summary>Any, drawn once.</summary>
    Random,
}

/// <summary>Settings of <see cref="Hift"/>.</summary>
public sealed record HiftSettings
{
    /// <summary>Layers that are trained together.</summary>
    public int LayersPerGroup { get; init; } = 1;

    /// <summary>The order.</summary>
    public GroupOrder Order { get; init; }

    /// <summary>Decides a random order.</summary>
    public ulong Seed { get; init; }
}

/// <summary>
/// Trains all parameters, a group of layers at each step: embeddings, then layers, then what follows the last (where embedding and head are one, that is one group with the
/// embeddings). The learning rate is to change only between cycles: <see cref="CycleSchedule"/>. What it saves is the backward pass below the group, with the activations
/// there. The gradients' buffer and the moments of all groups are in memory all the time, as in full fine-tuning: the source keeps those of resting groups elsewhere.
/// </summary>
[Technique("hift", Title = "HiFT: A Hierarchical Full Parameter Fine-Tuning Strategy", Paper = "arXiv:2401.15207")]
public sealed class Hift : WholeModel
{
    /// <inheritdoc/>
    public override string Name => "hift";

    internal override bool StoresChanges => false;

    internal override AdapterTraining CreateTraining(AdapterParts parts, long steps)
    {
        var cycle = new GroupCycle(parts.Trained, Groups(parts.Model, SettingsOf(parts.Settings)));
        return new(cycle, Penalty: null, cycle.Groups);
    }

    /// <summary>The names of the parameters of each group, in the order of the cycle.</summary>
    /// <param name="model">The model.</param>
    /// <param name="settings">The settings.</param>
    public static IReadOnlyList<IReadOnlyList<string>> Groups(LanguageModel model, HiftSettings settings)
    {
        var (before, after) = (new List<string>(), new List<string>());
        var layers = new List<(string Path, List<string> Names)>();
        foreach (var parameter in model.Parameters.Parameters)
        {
            if (LayerPath(parameter.Name) is not { } path) (layers.Count == 0 ? before : after).Add(parameter.Name);
            else if (layers.Find(layer => layer.Path == path).Names is { } names) names.Add(parameter.Name);
            else layers.Add((path, [parameter.Name]));
        }

        if (model.Configuration.TieEmbeddings)
        {
            before.AddRange(after);
            after.Clear();
        }

        var groups = new List<IReadOnlyList<string>> { before };
        groups.AddRange(layers.Chunk(settings.LayersPerGroup).Select(chunk => chunk.SelectMany(layer => layer.Names).ToList()));
        groups.Add(after);
        groups.RemoveAll(group => group.Count == 0);
        if (settings.Order == GroupOrder.TopDown) groups.Reverse();
        return settings.Order == GroupOrder.Random ? Shuffled(groups, settings.Seed) : groups;
    }

    private protected override void Check(AdapterSettings settings)
    {
        if (SettingsOf(settings).LayersPerGroup < 1) throw CoppiceException.Usage("a group of hift has at least one layer");
    }

    private static HiftSettings SettingsOf(AdapterSettings settings) => settings.Hift ?? new HiftSettings();

    /// <summary>The path of the layer that a parameter lies in; null where it lies in none.</summary>
    private static string? LayerPath(string parameter)
    {
        var segments = parameter.Split('.');
        var number = Array.FindIndex(segments, 1, segment => segment.All(char.IsAsciiDigit));
        return number < 0 ? null : string.Join('.', segments[..(number + 1)]);
    }

    private static List<IReadOnlyList<string>> Shuffled(List<IReadOnlyList<string>> groups, ulong seed)
    {
        var random = new Philox(seed, 0);
        for (var i = groups.Count - 1; i > 0; i--)
        {
            var other = random.Integer((ulong)i, i + 1);
            (groups[i], groups[other]) = (groups[other], groups[i]);
        }

        return groups;
    }
}
