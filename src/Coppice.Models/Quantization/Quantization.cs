namespace Coppice.Models;

/// <summary>In what a model's matrices are held while it runs. Norms, biases and learned positions stay float32.</summary>
public enum Quantization
{
    /// <summary>float32.</summary>
    None,

    /// <summary>8 bits in blocks of 32 with a scale (GGUF's Q8_0): 8.5 bits a weight.</summary>
    Int8,

    /// <summary>4 bits in blocks of 32 with a scale and a minimum (GGUF's Q4_1): 5 bits a weight; embeddings and head 8.5.</summary>
    Int4,
}
