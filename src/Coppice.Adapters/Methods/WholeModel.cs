using Coppice.Adapters.Masks;
using Coppice.Foundation;
using Coppice.Models;

namespace Coppice.Adapters.Methods;

/// <summary>
/// Methods that train the model's own parameters, all of them or some of their coordinates. In memory each costs what full fine-tuning does, and a copy of the model: the
/// base stays as it is, its copy is trained, with a gradient for each value and the optimizer's moments. Where few values change, the file holds those alone.
/// </summary>
public abstract class WholeModel : BaseTuning
{
    /// <summary>Whether a file holds the values that changed, with their places, where that is smaller than all values.</summary>
    internal virtual bool StoresChanges => true;

    /// <summary>Whether it chooses by examples what it trains. In training that goes on from a file, that is what the file changes.</summary>
    internal virtual bool ChoosesByExamples => false;

    /// <summary>The coordinates of an adapter in which it differs from its base.</summary>
    internal static CoordinateMask ChangesOf(AdapterParts parts)
    {
        var mask = new CoordinateMask(parts.Trained.Values.Count);
        foreach (var parameter in parts.Trained.Parameters)
        {
            var (now, before) = (parameter.Tensor.ToArray(), new float[parameter.Count]);
            parts.Model.Parameters.Values.CopyTo(parts.Model.Parameters[parameter.Name].Offset, before);
            for (var i = 0; i < now.Length; i++)
            {
                if (now[i] != before[i]) mask.Add(parameter.Offset + i);
            }
        }

        return mask;
    }

    // An embedding that is the head too is trained as the one matrix that it is: no second name for it is in the file.
    internal sealed override IEnumerable<string> BaseParameters(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        if (model.Quantized is { } quantized) throw CoppiceException.Usage($"the model's weights are quantised ({quantized.Quantization.ToString().ToLowerInvariant()}): '{Name}' trains them, which needs a base in float32");
        if (settings.Targets is not null || settings.Layers.Count > 0 || settings.ModulesToSave.Count > 0 || settings.Bias != BiasTraining.None)
            throw CoppiceException.Usage($"'{Name}' looks at all of the model: targets, layers, modules and biases mean nothing to it");
        Check(settings);
        return model.Parameters.Parameters.Select(parameter => parameter.Name);
    }

    /// <summary>Refuses settings that can't be.</summary>
    private protected virtual void Check(AdapterSettings settings)
    {
    }

    /// <summary>What moves, of a method that chooses it by examples.</summary>
    private protected CoordinateMask RequireMask(AdapterParts parts) => parts.Mask ?? throw CoppiceException.Usage($"'{Name}' chooses by examples what it trains, and was shown none");

    /// <summary>A share of a whole that settings give.</summary>
    private protected void RequireShare(double share)
    {
        if (!(share > 0 && share <= 1)) throw CoppiceException.Usage(FormattableString.Invariant($"'{Name}' trains a share above 0, and 1 at most: not {share}"));
    }
}
