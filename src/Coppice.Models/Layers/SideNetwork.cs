using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// A network beside a model that reads what goes into the model's first block and what comes out of each, and makes hidden states of its own of that. No gradient flows
/// from it into the model. See <see cref="LanguageModel.Side"/>.
/// </summary>
public abstract class SideNetwork
{
    /// <summary>How many layers of its own attend, each with keys and values in the cache behind those of the model's layers.</summary>
    public abstract int Layers { get; }

    /// <summary>Width of its keys, and of its values.</summary>
    public abstract int CacheWidth { get; }

    /// <summary>Begins a pass.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="input">The tokens.</param>
    /// <param name="states">[tokens, hidden]: what goes into the first block. The model gives it back after that block, unless it is kept.</param>
    public abstract void Begin(Tape tape, ModelInput input, Tensor states);

    /// <summary>Goes on after a block.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="input">The tokens.</param>
    /// <param name="layer">The number of the block.</param>
    /// <param name="states">[tokens, hidden]: what came out of it; given back likewise.</param>
    public abstract void Follow(Tape tape, ModelInput input, int layer, Tensor states);

    /// <summary>Ends a pass.</summary>
    /// <param name="tape">Records the operations.</param>
    /// <param name="hidden">[tokens, hidden]: the model's last states.</param>
    /// <returns>[tokens, hidden]: what the head gets.</returns>
    public abstract Tensor End(Tape tape, Tensor hidden);
}
