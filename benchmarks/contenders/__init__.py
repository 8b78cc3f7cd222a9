"""Contenders: the service, and what a user would pick instead."""

CELLBLOCK = "Cellblock"
CELLBLOCK_COLD = "Cellblock without a pool"
STOCK = "jupyter_client, local kernel"
GATEWAY = "Jupyter Kernel Gateway"
GATEWAY_COLD = "Jupyter Kernel Gateway, container each"
LLM_POOL = "llm-sandbox, pool"
LLM = "llm-sandbox"
LLM_INTERACTIVE = "llm-sandbox, interactive"
DOCKER_EXEC = "docker exec, kept container"
DOCKER_RUN = "docker run each"

CONTENDERS = {
    CELLBLOCK: "benchmarks.contenders.cellblock:Pooled",
    CELLBLOCK_COLD: "benchmarks.contenders.cellblock:Cold",
    STOCK: "benchmarks.contenders.stock_kernel:StockKernel",
    GATEWAY: "benchmarks.contenders.kernel_gateway:SharedGateway",
    GATEWAY_COLD: "benchmarks.contenders.kernel_gateway:OwnGateway",
    LLM_POOL: "benchmarks.contenders.llm_sandbox:Pooled",
    LLM: "benchmarks.contenders.llm_sandbox:Cold",
    LLM_INTERACTIVE: "benchmarks.contenders.llm_sandbox:Interactive",
    DOCKER_EXEC: "benchmarks.contenders.docker_commands:Exec",
    DOCKER_RUN: "benchmarks.contenders.docker_commands:Run",
}
"""Contenders by name, with their modules: an unused one is not imported, nor must it be installed.
"""
