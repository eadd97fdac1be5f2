using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// Queries, keys and values of hidden states: by a matrix each, or by one that has their rows one after the other (Phi-3). Shapes: T tokens, C hidden size,
/// H query heads and G key/value heads of size D.
/// </summary>
internal sealed class QueryKeyValue
{
    private readonly Projection? _fused;
    private readonly Projection? _query;
    private readonly Projection? _key;
    private readonly Projection? _value;
    private readonly int _queryWidth;
    private readonly int _keyWidth;

    /// <summary>Takes the projections of a layer.</summary>
    /// <param name="project">A projection by its name.</param>
    /// <param name="configuration">The sizes.</param>
    public QueryKeyValue(Func<string, Projection> project, LlamaConfiguration configuration)
    {
        (_queryWidth, _keyWidth) = (configuration.Heads * configuration.HeadSize, configuration.KeyValueHeads * configuration.HeadSize);
        if (configuration.Fused) _fused = project("self_attn.qkv_proj");
        else (_query, _key, _value) = (project("self_attn.q_proj"), project("self_attn.k_proj"), project("self_attn.v_proj"));
    }

    /// <summary>Queries [T, H · D], keys and values [T, G · D] of [T, C].</summary>
    public (Tensor Queries, Tensor Keys, Tensor Values) Forward(Tape tape, Tensor x_TC)
    {
        if (_fused is null) return (_query!.Forward(tape, x_TC), _key!.Forward(tape, x_TC), _value!.Forward(tape, x_TC));
        var fused = _fused.Forward(tape, x_TC);
        return (tape.SliceColumns(fused, 0, _queryWidth), tape.SliceColumns(fused, _queryWidth, _keyWidth), tape.SliceColumns(fused, _queryWidth + _keyWidth, _keyWidth));
    }
}
