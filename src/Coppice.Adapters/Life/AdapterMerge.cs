using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters;

/// <summary>
/// An adapter merged into its base: the base's weights are those that do alone what both did together. The weights before are kept, so that <see cref="Undo"/> gives
/// back every bit, which subtracting the change would not.
/// </summary>
public sealed class AdapterMerge
{
    private readonly LanguageModel _model;
    private readonly List<(Parameter Parameter, float[] Before)> _kept = [];

    private AdapterMerge(LanguageModel model) => _model = model;

    /// <summary>Merges an adapter into its base, in place. The set's adapters are off afterwards, and mean nothing until the merge is undone.</summary>
    /// <param name="set">The adapters of the base.</param>
    /// <param name="name">Which is merged.</param>
    /// <exception cref="CoppiceException">The base's weights are quantised, or a merged value would be no number.</exception>
    public static AdapterMerge Into(AdapterSet set, string name)
    {
        set.Deactivate();
        var merge = new AdapterMerge(set.Model);
        try
        {
            merge.Apply(set[name]);
            return merge;
        }
        catch
        {
            merge.Undo();
            throw;
        }
    }

    /// <summary>A new model with an adapter merged into it; the base stays as it is.</summary>
    /// <param name="set">The adapters of the base.</param>
    /// <param name="name">Which is merged.</param>
    /// <exception cref="CoppiceException">As of <see cref="Into"/>.</exception>
    public static LanguageModel Copy(AdapterSet set, string name)
    {
        if (set.Model.Quantized is { }) throw Quantised();
        set.Deactivate();
        var copy = set.Model.Configuration.Create(set.Model.Backend, trainable: false);
        try
        {
            copy.Parameters.Values.CopyFrom(set.Model.Parameters.Values);
            new AdapterMerge(copy).Apply(set[name]);
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>Puts the weights back that the base had before: the same bits.</summary>
    public void Undo()
    {
        foreach (var (parameter, before) in _kept) parameter.Tensor.CopyFrom(before);
        _kept.Clear();
    }

    private static CoppiceException Quantised() => CoppiceException.Usage("an adapter can't be merged into quantised weights without rounding them anew: open the model without quantisation, merge, and quantise the result");

    private void Apply(Adapter adapter)
    {
        if (_model.Quantized is not null) throw Quantised();
        var own = _model.Projections.ToDictionary(slot => slot.Name, slot => (DenseProjection)slot.Own, StringComparer.Ordinal);
        foreach (var name in adapter.BaseParameters) Write(_model.Parameters[name], adapter.Parameters[name].Tensor.ToArray());
        foreach (var (target, delta) in adapter.Deltas)
        {
            var dense = own[target];
            var isTransposed = dense.Layout == WeightLayout.InputsByOutputs;
            var values = dense.Weight.Tensor.ToArray();
            var weight = new MergedWeight(
                dense.Outputs, dense.Inputs, isTransposed ? TargetModule.Transposed(values, dense.Inputs, dense.Outputs) : values, dense.Bias?.Tensor.ToArray());
            delta.Merge(weight);
            Write(dense.Weight, isTransposed ? TargetModule.Transposed(weight.Weight, dense.Outputs, dense.Inputs) : weight.Weight);
            if (weight.Bias is { } bias) Write(dense.Bias!, bias);
        }
    }

    private void Write(Parameter parameter, float[] values)
    {
        if (!values.All(float.IsFinite)) throw new CoppiceException($"merged, '{parameter.Name}' would hold values that are no finite numbers: the adapter or its base is broken");
        _kept.Insert(0, (parameter, parameter.Tensor.ToArray()));
        parameter.Tensor.CopyFrom(values);
    }
}
