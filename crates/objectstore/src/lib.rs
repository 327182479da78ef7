//! Stores of S3, Google Cloud Storage and Azure Blob.
